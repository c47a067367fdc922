// Debian builds Paho with its own diagnostics on: each function writes down that it is entered and
// left, each allocation goes into a tree, each packet into a log, all of it under locks that its
// threads share. That was half of what a message cost, and nobody reads it. So Paho's archive is
// linked in place of its shared library, and these are wrapped (linker option --wrap).
#include <cstdlib>

extern "C" {
// NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl50-cpp): the names that the linker wants
void __wrap_StackTrace_entry(const char* /*function*/, int /*line*/, int /*level*/) {}
void __wrap_StackTrace_exit(const char* /*function*/, int /*line*/, void* /*value*/,
                            int /*level*/) {}
void __wrap_Log(int /*level*/, int /*number*/, const char* /*format*/, ...) {}
void* __wrap_mymalloc(char* /*file*/, int /*line*/, std::size_t size) { return std::malloc(size); }
void* __wrap_myrealloc(char* /*file*/, int /*line*/, void* memory, std::size_t size) {
  return std::realloc(memory, size);
}
void __wrap_myfree(char* /*file*/, int /*line*/, void* memory) { std::free(memory); }
// NOLINTEND(bugprone-reserved-identifier,cert-dcl50-cpp)
}
