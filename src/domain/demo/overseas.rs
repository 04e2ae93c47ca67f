//! More people of the demo world, in Japan, Australia and the United States.

use super::cast::{
    AIR_CONDITIONED, Company, Customer, MONSOON, PLAIN, Partner, Pays, SOUTHERN, Story, Supply, electricity,
    gas, named,
};

const KONBINI: Pays = Pays::InFull { payment_type: "KONBINI", title: "コンビニ払い" };
const CREDIT_CARD: Pays = Pays::InFull { payment_type: "CREDIT_CARD", title: "クレジットカード" };
const BPAY: Pays = Pays::InFull { payment_type: "BPAY", title: "BPAY" };
const BY_CREDIT_CARD: Pays = Pays::InFull { payment_type: "CREDIT_CARD", title: "Card payment" };

const MANSION: &[Supply] = &[named("電気", 7200, &MONSOON)];
const IKKENYA: &[Supply] = &[named("電気", 12_900, &MONSOON)];
const KOJO: &[Supply] = &[named("電気", 184_000, &MONSOON)];
const UNIT: &[Supply] = &[electricity(9800, &SOUTHERN)];
const COTTAGE: &[Supply] = &[electricity(13_200, &SOUTHERN), gas(5100, Some("AUS_GAS_LEDGER"))];
const LAUNDRY: &[Supply] = &[electricity(88_000, &SOUTHERN)];
const CONDO: &[Supply] = &[electricity(9400, &AIR_CONDITIONED)];
const RANCH: &[Supply] = &[electricity(18_600, &AIR_CONDITIONED)];
const DINER: &[Supply] = &[electricity(67_000, &AIR_CONDITIONED)];

const NAGISA: Company = Company {
    number: "8700150012345",
    form: "LIMITED",
    website: "https://nagisa-shokuhin.example.jp",
    sectors: &["MANUFACTURING"],
    segment: "SMALL_AND_MEDIUM",
    premises: &[],
};
const LAUNDRY_CO: Company = Company {
    number: "18123456789",
    form: "PROPRIETARY_LIMITED_COMPANY",
    website: "https://coral-laundry.example.com.au",
    sectors: &["OTHER_SERVICES"],
    segment: "SMALL_AND_MEDIUM",
    premises: &[],
};
const SANDPIPER: Company = Company {
    number: "74-1234567",
    form: "LIMITED",
    website: "https://sandpiper-cafe.example.com",
    sectors: &["HOSPITALITY", "RETAIL"],
    segment: "MICRO_BUSINESS",
    premises: &[],
};

pub(super) static OVERSEAS: [Customer; 19] = [
    Customer {
        given_name: "陽菜",
        family_name: "佐々木",
        email: "hina.sasaki@example.jp",
        mobile: "+819000000220",
        born: (1992, 7, 7),
        brand: "TG_OCTOPUS_ENERGY",
        address: &["海星町4-5", "横浜市", "神奈川県"],
        postcode: "220-0012",
        supplies: MANSION,
        pays: KONBINI,
        joined: 3,
        ..PLAIN
    },
    Customer {
        given_name: "健太",
        family_name: "森",
        email: "kenta.mori@example.jp",
        mobile: "+819000000221",
        born: (1984, 10, 18),
        brand: "TG_OCTOPUS_ENERGY",
        address: &["帆立1-9-2", "仙台市", "宮城県"],
        postcode: "980-0014",
        supplies: IKKENYA,
        pays: CREDIT_CARD,
        joined: 6,
        stories: &[
            Story::Shares(Partner {
                given_name: "美咲",
                family_name: "森",
                email: "misaki.mori@example.jp",
                mobile: "+819000000193",
            }),
            Story::Gives { month: 9, scheme: "MORI_NO_KIKIN", amount: 200 },
        ],
        ..PLAIN
    },
    Customer {
        given_name: "悠斗",
        family_name: "小林",
        email: "yuto.kobayashi@example.jp",
        mobile: "+819000000222",
        born: (1997, 3, 12),
        brand: "TG_OCTOPUS_ENERGY",
        address: &["鯨町7-1", "福岡市", "福岡県"],
        postcode: "812-0011",
        supplies: MANSION,
        pays: KONBINI,
        joined: 12,
        stories: &[Story::Moves {
            month: 19,
            address: &["白浜2-3-4", "北九州市"],
            state: "福岡県",
            postcode: "802-0001",
        }],
        ..PLAIN
    },
    Customer {
        given_name: "千代",
        family_name: "渡辺",
        email: "chiyo.watanabe@example.jp",
        mobile: "+819000000223",
        born: (1948, 1, 2),
        brand: "TG_OCTOPUS_ENERGY",
        address: &["昆布3-3", "函館市", "北海道"],
        postcode: "040-0011",
        supplies: IKKENYA,
        pays: KONBINI,
        joined: 8,
        stories: &[Story::WantsPaper { month: 8 }],
        ..PLAIN
    },
    Customer {
        given_name: "株式会社",
        family_name: "渚食品",
        email: "keiri@nagisa-shokuhin.example.jp",
        mobile: "+819000000224",
        born: (1990, 1, 1),
        brand: "TG_OCTOPUS_ENERGY",
        account_type: "BUSINESS",
        company: Some(&NAGISA),
        address: &["港町10-2", "焼津市", "静岡県"],
        postcode: "425-0026",
        supplies: KOJO,
        pays: CREDIT_CARD,
        joined: 14,
        ..PLAIN
    },
    Customer {
        given_name: "大輔",
        family_name: "伊藤",
        email: "daisuke.ito@example.jp",
        mobile: "+819000000225",
        born: (1981, 5, 21),
        brand: "TG_OCTOPUS_ENERGY",
        address: &["牡蠣町2-2", "広島市", "広島県"],
        postcode: "730-0011",
        supplies: MANSION,
        pays: KONBINI,
        joined: 16,
        stories: &[Story::StopsPaying { month: 19 }],
        ..PLAIN
    },
    Customer {
        given_name: "葵",
        family_name: "山口",
        email: "aoi.yamaguchi@example.jp",
        mobile: "+819000000226",
        born: (2002, 8, 14),
        brand: "TG_OCTOPUS_ENERGY",
        address: &["真鯛8-6", "松山市", "愛媛県"],
        postcode: "790-0001",
        supplies: MANSION,
        pays: CREDIT_CARD,
        joined: 21,
        ..PLAIN
    },
    Customer {
        given_name: "Jack",
        family_name: "Kearney",
        email: "jack.kearney@example.com.au",
        mobile: "+61491570227",
        born: (1988, 12, 12),
        brand: "ORIGIN",
        address: &["18 Abalone Drive", "Hobart TAS"],
        postcode: "7000",
        supplies: UNIT,
        pays: BPAY,
        joined: 2,
        stories: &[Story::Moves {
            month: 10,
            address: &["3 Kelpie Court", "Launceston"],
            state: "TAS",
            postcode: "7250",
        }],
        ..PLAIN
    },
    Customer {
        given_name: "Mia",
        family_name: "Papadakis",
        title: Some("Ms"),
        email: "mia.papadakis@example.com.au",
        mobile: "+61491570228",
        born: (1994, 4, 4),
        brand: "ORIGIN",
        address: &["71 Bluebottle Street", "Newtown NSW"],
        postcode: "2042",
        supplies: COTTAGE,
        pays: BPAY,
        joined: 5,
        card: Some(("CENTRELINK_PENSIONER", "204-111-228A")),
        stories: &[
            Story::Shares(Partner {
                given_name: "Eleni",
                family_name: "Papadakis",
                email: "eleni.papadakis@example.com.au",
                mobile: "+61491570194",
            }),
            Story::Gives { month: 8, scheme: "BUSH_REGROWTH", amount: 500 },
        ],
        ..PLAIN
    },
    Customer {
        given_name: "Darcy",
        family_name: "Whitlock",
        email: "darcy.whitlock@example.com.au",
        mobile: "+61491570229",
        born: (1977, 2, 25),
        brand: "ORIGIN",
        address: &["40 Marlin Parade", "Cairns QLD"],
        postcode: "4870",
        supplies: UNIT,
        pays: BPAY,
        joined: 9,
        stories: &[Story::StopsPaying { month: 21 }, Story::IsSpared { month: 22 }],
        ..PLAIN
    },
    Customer {
        given_name: "Coral",
        family_name: "Coast Laundry Pty Ltd",
        email: "office@coral-laundry.example.com.au",
        mobile: "+61491570230",
        born: (1990, 1, 1),
        brand: "ORIGIN",
        account_type: "BUSINESS",
        company: Some(&LAUNDRY_CO),
        address: &["12 Wharf Street", "Townsville QLD"],
        postcode: "4810",
        supplies: LAUNDRY,
        pays: BPAY,
        joined: 11,
        ..PLAIN
    },
    Customer {
        given_name: "Banjo",
        family_name: "Murray",
        email: "banjo.murray@example.com.au",
        mobile: "+61491570231",
        born: (1969, 11, 19),
        brand: "ORIGIN",
        address: &["8 Saltbush Road", "Port Lincoln SA"],
        postcode: "5606",
        supplies: COTTAGE,
        pays: BPAY,
        joined: 15,
        stories: &[Story::Leaves { month: 21 }],
        ..PLAIN
    },
    Customer {
        given_name: "Saoirse",
        family_name: "Lim",
        email: "saoirse.lim@example.com.au",
        mobile: "+61491570232",
        born: (1999, 9, 27),
        brand: "ORIGIN",
        address: &["6/22 Tern Avenue", "St Kilda VIC"],
        postcode: "3182",
        supplies: UNIT,
        pays: BPAY,
        joined: 13,
        card: Some(("CENTRELINK_HEALTH_CARE", "307-222-232K")),
        ..PLAIN
    },
    Customer {
        given_name: "Luz",
        family_name: "Herrera",
        title: Some("Ms"),
        email: "luz.herrera@example.com",
        mobile: "+12025550233",
        born: (1983, 6, 15),
        brand: "OCTOPUS_ENERGY_US",
        address: &["905 Pelican Drive", "Galveston TX"],
        postcode: "77550",
        supplies: CONDO,
        pays: BY_CREDIT_CARD,
        joined: 0,
        stories: &[Story::Shares(Partner {
            given_name: "Mateo",
            family_name: "Herrera",
            email: "mateo.herrera@example.com",
            mobile: "+12025550195",
        })],
        ..PLAIN
    },
    Customer {
        given_name: "Darnell",
        family_name: "Brooks",
        title: Some("Mr"),
        email: "darnell.brooks@example.com",
        mobile: "+12025550234",
        born: (1976, 1, 20),
        brand: "OCTOPUS_ENERGY_US",
        address: &["12 Crawfish Court", "Dallas TX"],
        postcode: "75201",
        supplies: RANCH,
        pays: BY_CREDIT_CARD,
        joined: 8,
        stories: &[Story::Gives { month: 10, scheme: "NEIGHBOR_FUND", amount: 400 }],
        ..PLAIN
    },
    Customer {
        given_name: "Harper",
        family_name: "Nakamura",
        pronouns: Some("they/them"),
        email: "harper.nakamura@example.com",
        mobile: "+12025550235",
        born: (1996, 11, 5),
        brand: "OCTOPUS_ENERGY_US",
        address: &["Apt 5C", "300 Bayou Street", "Houston TX"],
        postcode: "77003",
        supplies: CONDO,
        pays: BY_CREDIT_CARD,
        joined: 10,
        stories: &[
            Story::StopsPaying { month: 15 },
            Story::IsWrittenOff { month: 19, agency: "PRAIRIE", campaign: "FINAL_BILL", given_up: 23 },
        ],
        ..PLAIN
    },
    Customer {
        given_name: "Roy",
        family_name: "Tillman",
        email: "roy.tillman@example.com",
        mobile: "+12025550236",
        born: (1951, 3, 30),
        brand: "OCTOPUS_ENERGY_US",
        address: &["77 Redfish Road", "Corpus Christi TX"],
        postcode: "78401",
        supplies: RANCH,
        pays: BY_CREDIT_CARD,
        joined: 14,
        stories: &[Story::IsNoted {
            month: 17,
            note: "Depends on an air conditioner; ring before any work on the supply.",
        }],
        ..PLAIN
    },
    Customer {
        given_name: "Sandpiper",
        family_name: "Cafe LLC",
        email: "books@sandpiper-cafe.example.com",
        mobile: "+12025550237",
        born: (1990, 1, 1),
        brand: "OCTOPUS_ENERGY_US",
        account_type: "BUSINESS",
        company: Some(&SANDPIPER),
        address: &["2200 Strand", "Galveston TX"],
        postcode: "77551",
        supplies: DINER,
        pays: BY_CREDIT_CARD,
        joined: 17,
        ..PLAIN
    },
    Customer {
        given_name: "Beatrix",
        family_name: "Olsen",
        email: "beatrix.olsen@example.com",
        mobile: "+12025550238",
        born: (1990, 8, 8),
        brand: "OCTOPUS_ENERGY_US",
        address: &["31 Gulf Breeze Lane", "Austin TX"],
        postcode: "78701",
        supplies: CONDO,
        pays: BY_CREDIT_CARD,
        joined: 19,
        stories: &[Story::Bounces { month: 22 }],
        ..PLAIN
    },
];
