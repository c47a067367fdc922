#include "tests/bindings/contract/rows.h"

namespace gatehouse::contract {
namespace {

// clang-format off
constexpr Row kRows[] = {
    {"registration",
     R"({"op":1,"to":"cse-in","ty":2,"pc":{"m2m:ae":{"rn":"contract","api":"Ncontract","rr":false,"srv":["3","4"]}}})",
     2001, 201, "2.01", R"({"pc/m2m:ae/aei":"CContract","pc/m2m:ae/rr":false,"pc/m2m:ae/srv":["3","4"]})"},
    {"registration_again",
     R"({"op":1,"to":"cse-in","ty":2,"pc":{"m2m:ae":{"rn":"again","api":"Ncontract","rr":false,"srv":["3"]}}})",
     4117, 403, "4.03", R"({"pc/m2m:dbg":{"is":"string"}})"},

    // --- containers: values of every kind survive
    {"create_container",
     R"({"op":1,"to":"${ae}","ty":3,"pc":{"m2m:cnt":{"rn":"c","lbl":["a","b c"],"mni":3,"mbs":400000}}})",
     2001, 201, "2.01", R"({"pc/m2m:cnt/lbl":["a","b c"],"pc/m2m:cnt/mni":3,"pc/m2m:cnt/cni":0,"pc/m2m:cnt/ct":{"is":"timestamp"}})"},
    {"name_is_taken", R"({"op":1,"to":"${ae}","ty":3,"pc":{"m2m:cnt":{"rn":"c"}}})", 4105, 409, "4.03",
     R"({"pc/m2m:dbg":{"contains":"\"c\""}})"},
    {"create_text",
     R"({"op":1,"to":"${ae}/c","ty":4,"pc":{"m2m:cin":{"rn":"text","con":" <a b=\"1\">&amp; 'ä€😀'\n\t</a>\r\n "}}})",
     2001, 201, "2.01", R"({"pc/m2m:cin/con":" <a b=\"1\">&amp; 'ä€😀'\n\t</a>\r\n "})"},
    {"create_empty", R"({"op":1,"to":"${ae}/c","ty":4,"pc":{"m2m:cin":{"rn":"empty","con":""}}})", 2001, 201, "2.01",
     R"({"pc/m2m:cin/con":"","pc/m2m:cin/cs":0})"},
    {"create_encoded",
     R"({"op":1,"to":"${ae}/c","ty":4,"pc":{"m2m:cin":{"rn":"coded","cnf":"application/octet-stream:1","con":"AP8AEA=="}}})",
     2001, 201, "2.01", R"({"pc/m2m:cin/con":"AP8AEA==","pc/m2m:cin/cnf":"application/octet-stream:1"})"},
    {"create_number_as_text", R"({"op":1,"to":"${ae}/c","ty":4,"pc":{"m2m:cin":{"rn":"digits","con":"007"}}})",
     2001, 201, "2.01", R"({"pc/m2m:cin/con":"007"})"},
    {"retrieve_latest", R"({"op":2,"to":"${ae}/c/la"})", 2000, 200, "2.05", R"({"pc/m2m:cin/con":"007"})"},
    {"retrieve_oldest", R"({"op":2,"to":"${ae}/c/ol"})", 2000, 200, "2.05", R"({"pc/m2m:cin/con":""})"},
    {"create_without_content_in_answer",
     R"({"op":1,"to":"${ae}/c","ty":4,"rcn":0,"pc":{"m2m:cin":{"rn":"x","con":"x"}}})", 2001, 201, "2.01", R"({"pc":{"is":"absent"}})"},

    // --- parameters of a RETRIEVE
    {"retrieve_unstructured_name", R"({"op":2,"to":"CContract"})", 2000, 200, "2.05", R"({"pc/m2m:ae/rn":"contract"})"},
    {"retrieve_sp_relative", R"({"op":2,"to":"/id-in/${ae}/c"})", 2000, 200, "2.05", R"({"pc/m2m:cnt/rn":"c"})"},
    {"retrieve_absolute", R"({"op":2,"to":"//gatehouse.example/id-in/${ae}/c"})", 2000, 200, "2.05", R"({"pc/m2m:cnt/rn":"c"})"},
    {"retrieve_one_attribute", R"({"op":2,"to":"${ae}/c#mni"})", 2000, 200, "2.05",
     R"({"pc/m2m:cnt/mni":3,"pc/m2m:cnt/rn":{"is":"absent"}})"},
    {"retrieve_some_attributes", R"({"op":2,"to":"${ae}/c","pc":{"m2m:atrl":["mni","lbl"]}})", 2000, 200, "2.05",
     R"({"pc/m2m:cnt/mni":3,"pc/m2m:cnt/lbl":["a","b c"],"pc/m2m:cnt/rn":{"is":"absent"}})"},
    {"retrieve_with_children", R"({"op":2,"to":"${ae}/c","rcn":4})", 2000, 200, "2.05", R"({"pc/m2m:cnt/m2m:cin":{"size":3}})"},
    {"retrieve_child_references", R"({"op":2,"to":"${ae}/c","rcn":6})", 2000, 200, "2.05", R"({"pc/m2m:rrl/rrf":{"size":3}})"},
    {"retrieve_attributes_and_references", R"({"op":2,"to":"${ae}","rcn":5})", 2000, 200, "2.05",
     R"({"pc/m2m:ae/ch/0/nm":"c","pc/m2m:ae/ch/0/typ":3})"},
    {"retrieve_children_alone", R"({"op":2,"to":"${ae}","rcn":8,"fc":{"ty":[3]}})", 2000, 200, "2.05",
     R"({"pc/m2m:ae/m2m:cnt/0/rn":"c","pc/m2m:ae/ri":{"is":"absent"}})"},
    {"discover_by_labels", R"({"op":2,"to":"cse-in","fc":{"fu":1,"lbl":["nothing","b c"],"ty":[3,4]}})", 2000, 200, "2.05",
     R"({"pc/m2m:uril":["cse-in/contract/c"]})"},
    {"discover_by_attribute", R"({"op":2,"to":"${ae}","fc":{"fu":1,"atr":[{"nm":"rn","val":"dig*"}]}})", 2000, 200, "2.05",
     R"({"pc/m2m:uril":["cse-in/contract/c/digits"]})"},
    {"discover_part", R"({"op":2,"to":"${ae}","fc":{"fu":1,"ty":[4],"lim":2}})", 2000, 200, "2.05",
     R"({"pc/m2m:uril":{"size":2},"cnst":1,"cnot":3})"},
    {"discover_the_rest", R"({"op":2,"to":"${ae}","fc":{"fu":1,"ty":[4],"lim":2,"ofst":3}})", 2000, 200, "2.05",
     R"({"pc/m2m:uril":{"size":1}})"},
    {"discover_nothing", R"({"op":2,"to":"${ae}","fc":{"fu":1,"ty":[9]}})", 2000, 200, "2.05", R"({"pc/m2m:uril":[]})"},
    {"discover_by_times",
     R"({"op":2,"to":"${ae}","fc":{"fu":1,"cra":"20200101T000000","us":"20990101T000000","sza":0,"szb":10,"fo":1,"lvl":2}})",
     2000, 200, "2.05", R"({"pc/m2m:uril":{"is":"list"}})"},
    {"discover_unstructured", R"({"op":2,"to":"${ae}","drt":2,"fc":{"fu":1,"ty":[3]}})", 2000, 200, "2.05",
     R"({"pc/m2m:uril":{"size":1}})"},

    // --- UPDATE
    {"update_and_remove", R"({"op":3,"to":"${ae}/c","pc":{"m2m:cnt":{"lbl":null,"mni":5}}})", 2004, 200, "2.04",
     R"({"pc/m2m:cnt/mni":5,"pc/m2m:cnt/lbl":{"is":"absent"}})"},
    {"update_answers_changes", R"({"op":3,"to":"${ae}/c","rcn":9,"pc":{"m2m:cnt":{"lbl":["n"]}}})", 2004, 200, "2.04",
     R"({"pc/m2m:cnt/lt":{"is":"timestamp"},"pc/m2m:cnt/mni":{"is":"absent"}})"},
    {"update_with_empty_list", R"({"op":3,"to":"${ae}/c","pc":{"m2m:cnt":{"lbl":[]}}})", 2004, 200, "2.04",
     R"({"pc/m2m:cnt/lbl":[]})"},

    // --- the wrong attribute is named, whatever it came in
    {"unknown_attribute", R"({"op":1,"to":"${ae}","ty":3,"pc":{"m2m:cnt":{"rn":"d","nonsense":1}}})", 4000, 400, "4.00",
     R"({"pc/m2m:dbg":{"contains":"nonsense"}})"},
    {"text_for_a_number", R"({"op":1,"to":"${ae}","ty":3,"pc":{"m2m:cnt":{"rn":"d","mni":"ten"}}})", 4000, 400, "4.00",
     R"({"pc/m2m:dbg":{"contains":"mni (maxNrOfInstances"}})"},
    {"negative_number", R"({"op":1,"to":"${ae}","ty":3,"pc":{"m2m:cnt":{"rn":"d","mni":-1}}})", 4000, 400, "4.00",
     R"({"pc/m2m:dbg":{"contains":"mni (maxNrOfInstances"}})"},
    {"huge_number", R"({"op":1,"to":"${ae}","ty":3,"pc":{"m2m:cnt":{"rn":"d","mni":99999999999}}})", 2001, 201, "2.01",
     R"({"pc/m2m:cnt/mni":99999999999})"},
    {"bad_timestamp", R"({"op":1,"to":"${ae}","ty":3,"pc":{"m2m:cnt":{"rn":"e","et":"tomorrow"}}})", 4000, 400, "4.00",
     R"({"pc/m2m:dbg":{"contains":"et (expirationTime"}})"},
    {"missing_attribute", R"({"op":1,"to":"${ae}/c","ty":4,"pc":{"m2m:cin":{"lbl":["x"]}}})", 4000, 400, "4.00",
     R"({"pc/m2m:dbg":{"contains":"con (content"}})"},
    {"read_only_attribute", R"({"op":3,"to":"${ae}/c","pc":{"m2m:cnt":{"cni":1}}})", 4000, 400, "4.00",
     R"({"pc/m2m:dbg":{"contains":"cni (currentNrOfInstances"}})"},
    {"content_of_another_type", R"({"op":1,"to":"${ae}","ty":3,"pc":{"m2m:cin":{"con":"x"}}})", 4000, 400, "4.00",
     R"({"pc/m2m:dbg":{"contains":"m2m:cin"}})"},
    {"create_without_content", R"({"op":1,"to":"${ae}","ty":3})", 4000, 400, "4.00", R"({"pc/m2m:dbg":{"is":"string"}})"},
    {"unknown_result_content", R"({"op":2,"to":"${ae}","rcn":99})", 4000, 400, "4.00", R"({"pc/m2m:dbg":{"contains":"rcn"}})"},
    {"unknown_filter_usage", R"({"op":2,"to":"${ae}","fc":{"fu":9}})", 4000, 400, "4.00", R"({"pc/m2m:dbg":{"contains":"fu"}})"},

    // --- other refusals
    {"unknown_target", R"({"op":2,"to":"${ae}/nobody"})", 4004, 404, "4.04", R"({"pc/m2m:dbg":{"contains":"nobody"}})"},
    {"unknown_cse", R"({"op":2,"to":"/id-nowhere/cse/x"})", 4004, 404, "4.04", R"({"pc/m2m:dbg":{"contains":"/id-nowhere"}})"},
    {"unknown_type", R"({"op":1,"to":"${ae}","ty":9999,"pc":{"m2m:foo":{"a":1}}})", 4000, 400, "4.00"},
    {"child_that_may_not_be", R"({"op":1,"to":"${ae}/c/digits","ty":3,"pc":{"m2m:cnt":{}}})", 4108, 403, "4.03"},
    {"update_of_an_instance", R"({"op":3,"to":"${ae}/c/digits","pc":{"m2m:cin":{"con":"y"}}})", 4005, 405, "4.05"},
    {"deletion_of_the_csebase", R"({"op":4,"to":"cse-in"})", 4005, 405, "4.05"},
    {"instance_too_large", R"({"op":1,"to":"${ae}/tiny","ty":4,"pc":{"m2m:cin":{"con":"12345"}}})", 4004, 404, "4.04"},
    {"unknown_release", R"({"op":2,"to":"${ae}","rvi":"99"})", 4001, 501, "5.01"},
    {"unproven_administrator", R"({"op":2,"to":"cse-in","fr":"CNobody"})", 4106, 403, "4.03"},
    {"notify_who_cannot_be_reached", R"({"op":5,"to":"${ae}","pc":{"m2m:sgn":{"vrq":true,"sur":"x"}}})", 5103, 404, "4.04"},

    // --- a small container refuses what is too large for it
    {"create_small_container", R"({"op":1,"to":"${ae}","ty":3,"pc":{"m2m:cnt":{"rn":"small","mbs":4}}})", 2001, 201, "2.01"},
    {"larger_than_max_byte_size", R"({"op":1,"to":"${ae}/small","ty":4,"pc":{"m2m:cin":{"con":"12345"}}})", 5207, 406, "4.06"},

    // --- nested and typed content
    {"create_policy",
     R"({"op":1,"to":"${ae}","ty":1,"pc":{"m2m:acp":{"rn":"p","pv":{"acr":[{"acor":["CContract","all"],"acop":63,"acco":[{"actw":["* * 8-18 * * * *"],"acip":{"ipv4":["10.0.0.1","10.0.0.2"]}}]}]},"pvs":{"acr":[{"acor":["CContract"],"acop":63}]}}}})",
     2001, 201, "2.01",
     R"({"pc/m2m:acp/pv/acr/0/acor":["CContract","all"],"pc/m2m:acp/pv/acr/0/acop":63,"pc/m2m:acp/pv/acr/0/acco/0/acip/ipv4":["10.0.0.1","10.0.0.2"]})"},
    {"create_node", R"({"op":1,"to":"${ae}","ty":3,"pc":{"m2m:cnt":{"rn":"other"}}})", 2001, 201, "2.01"},
    {"create_flex_container",
     R"({"op":1,"to":"${ae}","ty":28,"pc":{"cod:tempe":{"rn":"t","cnd":"org.onem2m.common.moduleclass.temperature","curT0":21.5,"tarTe":22,"unit":1}}})",
     2001, 201, "2.01", R"({"pc/cod:tempe/curT0":21.5,"pc/cod:tempe/cnd":"org.onem2m.common.moduleclass.temperature"})"},
    {"create_binary_switch",
     R"({"op":1,"to":"${ae}","ty":28,"pc":{"cod:binSh":{"rn":"s","cnd":"org.onem2m.common.moduleclass.binarySwitch","state":true}}})",
     2001, 201, "2.01", R"({"pc/cod:binSh/state":true})"},
    {"create_time_series", R"({"op":1,"to":"${ae}","ty":29,"pc":{"m2m:ts":{"rn":"ts","pei":1000,"mdd":false,"cnf":"text/plain:0"}}})",
     2001, 201, "2.01", R"({"pc/m2m:ts/pei":1000,"pc/m2m:ts/mdd":false})"},
    {"create_time_series_instance",
     R"({"op":1,"to":"${ae}/ts","ty":30,"pc":{"m2m:tsi":{"rn":"i","dgt":"20260101T000000,500000","con":"1","snr":7}}})",
     2001, 201, "2.01", R"({"pc/m2m:tsi/snr":7,"pc/m2m:tsi/con":"1"})"},
    {"create_group",
     R"({"op":1,"to":"${ae}","ty":9,"pc":{"m2m:grp":{"rn":"g","mt":3,"mnm":5,"mid":["cse-in/contract/c","cse-in/contract/small"]}}})",
     2001, 201, "2.01", R"({"pc/m2m:grp/cnm":2,"pc/m2m:grp/mid":{"size":2}})"},
    {"fan_out", R"({"op":2,"to":"${ae}/g/fopt"})", 2000, 200, "2.05",
     R"({"pc/m2m:agr/m2m:rsp":{"size":2},"pc/m2m:agr/m2m:rsp/0/rsc":2000,"pc/m2m:agr/m2m:rsp/0/pc/m2m:cnt/rn":{"is":"string"}})"},
    {"fan_out_creation", R"({"op":1,"to":"${ae}/g/fopt","ty":4,"pc":{"m2m:cin":{"rn":"f","con":"all"}}})", 2000, 200, "2.04",
     R"({"pc/m2m:agr/m2m:rsp/0/rsc":2001,"pc/m2m:agr/m2m:rsp/1/pc/m2m:cin/con":"all"})"},
    {"create_subscription",
     R"({"op":1,"to":"${ae}/c","ty":23,"pc":{"m2m:sub":{"rn":"sub","nu":["CContract"],"nct":1,"bn":{"num":2,"dur":"PT10S"},"enc":{"net":[1,3],"atr":["mni","lbl"]}}}})",
     2001, 201, "2.01", R"({"pc/m2m:sub/enc/net":[1,3],"pc/m2m:sub/enc/atr":["mni","lbl"],"pc/m2m:sub/bn/num":2})"},

    // --- non-blocking requests and parameters that are carried
    {"non_blocking", R"({"op":2,"to":"${ae}/c","rt":{"rtv":1},"rp":"PT60S"})", 1001, 202, "2.01", R"({"pc/m2m:uri":{"is":"string"}})",
     "request=pc/m2m:uri"},
    {"result_of_non_blocking", R"({"op":2,"to":"${request}"})", 2000, 200, "2.05",
     R"({"pc/m2m:req/op":2,"pc/m2m:req/org":"CContract","pc/m2m:req/ors/rsc":2000,"pc/m2m:req/ors/pc/m2m:cnt/rn":"c"})", nullptr, Row::kAskUntil},
    {"parameters_of_a_request",
     R"({"op":2,"to":"${ae}","rvi":"2a","ot":"20260101T000000","rqet":"60000","rset":"20990101T000000","ec":2,"gid":"g1","vsi":"a b;c","rcn":1,"rp":"PT1H","da":false})",
     2000, 200, "2.05", R"({"rvi":"2a","pc/m2m:ae/rn":"contract"})"},

    // --- large, both ways
    {"create_large", R"({"op":1,"to":"${ae}/c","ty":4,"rcn":0,"pc":{"m2m:cin":{"rn":"big","con":"${big}"}}})", 2001, 201, "2.01"},
    {"retrieve_large", R"({"op":2,"to":"${ae}/c/big"})", 2000, 200, "2.05", R"({"pc/m2m:cin/con":"${big}","pc/m2m:cin/cs":300000})"},

    // --- the end
    {"delete", R"({"op":4,"to":"${ae}/c/big"})", 2002, 200, "2.02"},
    {"delete_again", R"({"op":4,"to":"${ae}/c/big"})", 4004, 404, "4.04"},
    {"delete_with_content_in_answer", R"({"op":4,"to":"${ae}/small","rcn":1})", 2002, 200, "2.02", R"({"pc/m2m:cnt/mbs":4})"},
    {"deregistration", R"({"op":4,"to":"${ae}"})", 2002, 200, "2.02"},
};
// clang-format on

}  // namespace

std::span<const Row> contract_rows() { return kRows; }

}  // namespace gatehouse::contract
