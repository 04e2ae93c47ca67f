//! More people of the demo world, in Britain and Germany. What is special about some of them are their stories.

use super::cast::{
    Company, Customer, DIRECT_DEBIT, NORTHERN, PLAIN, Partner, Pays, Story, Supply, electricity, gas, named,
    steady,
};

const fn sepa(permille: i64) -> Pays {
    Pays::Fixed { permille, payment_type: DIRECT_DEBIT, title: "SEPA-Lastschrift" }
}

const BY_CARD: Pays = Pays::InFull { payment_type: "DEBIT_CARD", title: "Card payment" };
const BY_TRANSFER: Pays = Pays::InFull { payment_type: "BACS_DEPOSIT", title: "Bank transfer" };
const UEBERWEISUNG: Pays = Pays::InFull { payment_type: "BACS_DEPOSIT", title: "Überweisung" };

const FLAT: &[Supply] = &[electricity(3900, &NORTHERN)];
const HOUSE: &[Supply] = &[electricity(5800, &NORTHERN), gas(6300, None)];
const HOTEL: &[Supply] = &[electricity(92_000, &NORTHERN), gas(61_000, None)];
const WOHNUNG: &[Supply] = &[named("Strom", 5600, &NORTHERN)];
const HAUS: &[Supply] = &[named("Strom", 8100, &NORTHERN), gas(10_400, Some("GAS_LEDGER"))];
const LADEN: &[Supply] = &[named("Strom", 31_000, &NORTHERN)];

const GB_HOTELS: Company = Company {
    number: "08123457",
    form: "LIMITED",
    website: "https://driftwood-hotels.example.com",
    sectors: &["HOSPITALITY"],
    segment: "SMALL_AND_MEDIUM",
    premises: &[
        (&["The Sandbar", "44 Marine Drive", "Scarborough"], "YO11 2DP"),
        (&["The Anchorage", "8 Fore Street", "Salcombe"], "TQ8 8ET"),
    ],
};
const SEESTERN: Company = Company {
    number: "Amtsgericht Lübeck HRB 4711",
    form: "LIMITED",
    website: "https://seestern-cafe.example.de",
    sectors: &["HOSPITALITY"],
    segment: "MICRO_BUSINESS",
    premises: &[(&["Marktplatz 2", "Wismar"], "23966")],
};

pub(super) static EUROPE: [Customer; 21] = [
    Customer {
        given_name: "Priya",
        family_name: "Raman",
        title: Some("Ms"),
        email: "priya.raman@example.com",
        mobile: "+447700900201",
        born: (1990, 5, 17),
        brand: "OCTOPUS_ENERGY",
        address: &["27 Gull Rise", "Brighton"],
        postcode: "BN2 1TW",
        supplies: HOUSE,
        pays: BY_TRANSFER,
        joined: 1,
        stories: &[Story::Shares(Partner {
            given_name: "Tom",
            family_name: "Hadley",
            email: "tom.hadley@example.com",
            mobile: "+447700900191",
        })],
        ..PLAIN
    },
    Customer {
        given_name: "Callum",
        family_name: "Fraser",
        email: "callum.fraser@example.com",
        mobile: "+447700900202",
        born: (1985, 9, 3),
        brand: "OCTOPUS_ENERGY",
        address: &["6 Dulse Wynd", "Edinburgh"],
        postcode: "EH6 6JJ",
        supplies: FLAT,
        pays: steady(1060),
        joined: 4,
        stories: &[Story::Moves {
            month: 15,
            address: &["41 Harbour Street", "Broughty Ferry"],
            state: "",
            postcode: "DD5 2BB",
        }],
        ..PLAIN
    },
    Customer {
        given_name: "Nia",
        family_name: "Powell",
        pronouns: Some("she/her"),
        email: "nia.powell@example.com",
        mobile: "+447700900203",
        born: (1998, 2, 11),
        brand: "OCTOPUS_ENERGY",
        address: &["3 Barnacle Court", "Cardiff"],
        postcode: "CF10 5AN",
        supplies: FLAT,
        pays: BY_CARD,
        joined: 10,
        stories: &[
            Story::StopsPaying { month: 18 },
            Story::IsNoted { month: 20, note: "Lost her job in the spring; is looking for advice on debt." },
        ],
        ..PLAIN
    },
    Customer {
        given_name: "Edith",
        family_name: "Marlow",
        title: Some("Mrs"),
        email: "edith.marlow@example.com",
        mobile: "+447700900204",
        born: (1941, 12, 1),
        brand: "OCTOPUS_ENERGY",
        address: &["9 Samphire Close", "Cromer"],
        postcode: "NR27 9EE",
        supplies: FLAT,
        pays: BY_CARD,
        joined: 0,
        stories: &[
            Story::WantsPaper { month: 1 },
            Story::IsNoted { month: 6, note: "Hard of hearing: please write instead of calling." },
        ],
        ..PLAIN
    },
    Customer {
        given_name: "Dominic",
        family_name: "Abara",
        title: Some("Mr"),
        email: "dominic.abara@example.com",
        mobile: "+447700900205",
        born: (1979, 7, 28),
        brand: "OCTOPUS_ENERGY",
        address: &["120 Quay Road", "Liverpool"],
        postcode: "L3 4AA",
        supplies: HOUSE,
        pays: BY_CARD,
        joined: 6,
        stories: &[
            Story::StopsPaying { month: 12 },
            Story::IsWrittenOff { month: 17, agency: "HARBOUR", campaign: "FINAL_BILL", given_up: 21 },
        ],
        ..PLAIN
    },
    Customer {
        given_name: "Wren",
        family_name: "Castleton",
        pronouns: Some("they/them"),
        email: "wren.castleton@example.com",
        mobile: "+447700900206",
        born: (2001, 4, 9),
        brand: "OCTOPUS_ENERGY",
        address: &["Flat 12", "5 Cockle Lane", "Manchester"],
        postcode: "M4 6BU",
        supplies: FLAT,
        pays: steady(1080),
        joined: 13,
        stories: &[Story::Leaves { month: 20 }],
        ..PLAIN
    },
    Customer {
        given_name: "Driftwood",
        family_name: "Hotels Ltd",
        email: "accounts@driftwood-hotels.example.com",
        mobile: "+447700900207",
        born: (1990, 1, 1),
        brand: "COOP_ENERGY",
        account_type: "BUSINESS",
        company: Some(&GB_HOTELS),
        address: &["The Driftwood", "1 Promenade", "Llandudno"],
        postcode: "LL30 2LP",
        supplies: HOTEL,
        pays: BY_TRANSFER,
        joined: 9,
        ..PLAIN
    },
    Customer {
        given_name: "Oscar",
        family_name: "Bellweather",
        title: Some("Dr"),
        email: "oscar.bellweather@example.com",
        mobile: "+447700900208",
        born: (1966, 6, 19),
        brand: "OCTOPUS_ENERGY",
        address: &["Mussel Farmhouse", "Orford"],
        postcode: "IP12 2LX",
        supplies: HOUSE,
        pays: BY_TRANSFER,
        joined: 16,
        stories: &[Story::Bounces { month: 19 }],
        ..PLAIN
    },
    Customer {
        given_name: "Zainab",
        family_name: "Qureshi",
        email: "zainab.qureshi@example.com",
        mobile: "+447700900209",
        born: (1993, 10, 30),
        brand: "OCTOPUS_ENERGY",
        address: &["54 Weir Street", "Bradford"],
        postcode: "BD1 4RN",
        supplies: FLAT,
        pays: BY_CARD,
        joined: 18,
        stories: &[Story::StopsPaying { month: 21 }, Story::IsSpared { month: 22 }],
        ..PLAIN
    },
    Customer {
        given_name: "Hector",
        family_name: "Lundy",
        email: "hector.lundy@example.com",
        mobile: "+447700900210",
        born: (1958, 8, 8),
        brand: "OCTOPUS_ENERGY",
        address: &["2 Lighthouse Cottages", "Ilfracombe"],
        postcode: "EX34 9EQ",
        supplies: HOUSE,
        pays: BY_TRANSFER,
        joined: 20,
        ..PLAIN
    },
    Customer {
        given_name: "Ffion",
        family_name: "Teague",
        email: "ffion.teague@example.com",
        mobile: "+447700900211",
        born: (1987, 3, 23),
        brand: "COOP_ENERGY",
        address: &["17 Pilchard Row", "Falmouth"],
        postcode: "TR11 3DU",
        supplies: FLAT,
        pays: steady(1100),
        joined: 22,
        ..PLAIN
    },
    Customer {
        given_name: "Jonas",
        family_name: "Petersen",
        email: "jonas.petersen@example.de",
        mobile: "+4915550000212",
        born: (1982, 11, 2),
        brand: "OCTOPUS_ENERGY_GERMANY",
        address: &["Seegrasallee 14", "Kiel"],
        postcode: "24103",
        supplies: WOHNUNG,
        pays: sepa(1060),
        joined: 2,
        stories: &[Story::Shares(Partner {
            given_name: "Anke",
            family_name: "Petersen",
            email: "anke.petersen@example.de",
            mobile: "+4915550000192",
        })],
        ..PLAIN
    },
    Customer {
        given_name: "Leyla",
        family_name: "Aydın",
        email: "leyla.aydin@example.de",
        mobile: "+4915550000213",
        born: (1995, 1, 15),
        brand: "OCTOPUS_ENERGY_GERMANY",
        address: &["Hafenstraße 80", "Bremen"],
        postcode: "28217",
        supplies: WOHNUNG,
        pays: UEBERWEISUNG,
        joined: 7,
        stories: &[Story::Moves {
            month: 18,
            address: &["Deichweg 3", "Oldenburg"],
            state: "",
            postcode: "26121",
        }],
        ..PLAIN
    },
    Customer {
        given_name: "Matthias",
        family_name: "Vogt",
        email: "matthias.vogt@example.de",
        mobile: "+4915550000214",
        born: (1970, 4, 27),
        brand: "OCTOPUS_ENERGY_GERMANY",
        address: &["Möwenplatz 2", "Rostock"],
        postcode: "18055",
        supplies: HAUS,
        pays: UEBERWEISUNG,
        joined: 11,
        stories: &[Story::StopsPaying { month: 19 }],
        ..PLAIN
    },
    Customer {
        given_name: "Seestern",
        family_name: "Café GmbH",
        email: "buero@seestern-cafe.example.de",
        mobile: "+4915550000215",
        born: (1990, 1, 1),
        brand: "OCTOPUS_ENERGY_GERMANY",
        account_type: "BUSINESS",
        company: Some(&SEESTERN),
        address: &["Strandpromenade 5", "Lübeck"],
        postcode: "23570",
        supplies: LADEN,
        pays: UEBERWEISUNG,
        joined: 12,
        ..PLAIN
    },
    Customer {
        given_name: "Hannelore",
        family_name: "Brandt",
        email: "hannelore.brandt@example.de",
        mobile: "+4915550000216",
        born: (1944, 9, 9),
        brand: "OCTOPUS_ENERGY_GERMANY",
        address: &["Dünengasse 1", "Norderney"],
        postcode: "26548",
        supplies: WOHNUNG,
        pays: UEBERWEISUNG,
        joined: 1,
        stories: &[
            Story::WantsPaper { month: 3 },
            Story::Gives { month: 4, scheme: "WAERMEHILFE", amount: 300 },
        ],
        ..PLAIN
    },
    Customer {
        given_name: "Tarek",
        family_name: "Haddad",
        email: "tarek.haddad@example.de",
        mobile: "+4915550000217",
        born: (1991, 12, 24),
        brand: "OCTOPUS_ENERGY_GERMANY",
        address: &["Werftstraße 33", "Stralsund"],
        postcode: "18439",
        supplies: WOHNUNG,
        pays: sepa(1090),
        joined: 17,
        ..PLAIN
    },
    Customer {
        given_name: "Annika",
        family_name: "Groß",
        email: "annika.gross@example.de",
        mobile: "+4915550000218",
        born: (1989, 6, 6),
        brand: "OCTOPUS_ENERGY_GERMANY",
        address: &["Lachsweg 8", "Köln"],
        postcode: "50667",
        supplies: HAUS,
        pays: UEBERWEISUNG,
        joined: 19,
        ..PLAIN
    },
    // Pays too much, and gets some of it back every year.
    Customer {
        given_name: "Friederike",
        family_name: "Sommer",
        title: Some("Frau"),
        email: "friederike.sommer@example.de",
        mobile: "+4915550000220",
        born: (1984, 7, 3),
        brand: "OCTOPUS_ENERGY_GERMANY",
        address: &["Sanddornweg 11", "Schleswig"],
        postcode: "24837",
        supplies: WOHNUNG,
        pays: Pays::Instalments { permille: 1500 },
        joined: 5,
        ..PLAIN
    },
    // Pays too little, and has to pay the rest every year.
    Customer {
        given_name: "Nils",
        family_name: "Harms",
        email: "nils.harms@example.de",
        mobile: "+4915550000221",
        born: (1976, 2, 18),
        brand: "OCTOPUS_ENERGY_GERMANY",
        address: &["Priel 6", "Flensburg"],
        postcode: "24937",
        supplies: WOHNUNG,
        pays: Pays::Instalments { permille: 700 },
        joined: 8,
        ..PLAIN
    },
    Customer {
        given_name: "Ruben",
        family_name: "Falk",
        email: "ruben.falk@example.de",
        mobile: "+4915550000219",
        born: (2000, 2, 29),
        brand: "OCTOPUS_ENERGY_GERMANY",
        address: &["Auster 4", "Leipzig"],
        postcode: "04109",
        supplies: WOHNUNG,
        pays: UEBERWEISUNG,
        joined: 15,
        stories: &[Story::Leaves { month: 22 }],
        ..PLAIN
    },
];
