//! What Japanese postcodes stand for.

use serde_json::json;

use crate::support::Server;

const AREAS: &str = "query($p: String!) { postalAreas(postcode: $p) { postcode prefecture city area } }";

#[tokio::test]
async fn a_postcode_stands_for_a_district_or_for_the_rest_of_several_towns() {
    let server = Server::start_edition(Some("jp")).await;
    let toranomon =
        json!([{ "postcode": "105-0001", "prefecture": "東京都", "city": "港区", "area": "虎ノ門" }]);
    for written in ["105-0001", "1050001"] {
        let data = server.ask(None, AREAS, json!({ "p": written })).await;
        assert_eq!(data["postalAreas"], toranomon);
    }
    let data = server.ask(None, AREAS, json!({ "p": "618-0000" })).await;
    let shared = [("京都府", "乙訓郡大山崎町"), ("大阪府", "三島郡島本町")]
        .map(|(prefecture, city)| json!({ "postcode": "618-0000", "prefecture": prefecture, "city": city, "area": "" }));
    assert_eq!(data["postalAreas"], json!(shared));
    let data = server.ask(None, AREAS, json!({ "p": "999-9999" })).await;
    assert_eq!(data["postalAreas"], json!([]), "nobody knows it");
    for odd in ["", "105", "BS1 4QA", "105-00011"] {
        let reply = server.send(None, AREAS, json!({ "p": odd })).await;
        assert_eq!(reply.codes(), ["KT-JP-4601"], "{odd}");
    }
}
