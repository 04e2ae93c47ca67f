//! Who lives in the demo world. Amounts are net minor units in a month of average weather.

use super::europe::EUROPE;
use super::overseas::OVERSEAS;

/// One thing that somebody is supplied with.
pub(super) struct Supply {
    pub supply: &'static str,
    pub title: &'static str,
    /// Where it is charged, if not on the main ledger.
    pub ledger_type: Option<&'static str>,
    pub monthly: i64,
    /// Permille of an average month, January first.
    pub seasons: &'static [i64; 12],
}

/// How somebody pays.
pub(super) enum Pays {
    /// The same every month: this many permille of what an average month costs.
    Fixed { permille: i64, payment_type: &'static str, title: &'static str },
    /// As [`Pays::Fixed`], in whole units of the currency that a schedule has collected, and that bills settle.
    Instalments { permille: i64 },
    /// What is owed, every month.
    InFull { payment_type: &'static str, title: &'static str },
    /// What is owed, but only every so many months, and is charged for being late in between.
    Late { every: usize, payment_type: &'static str, title: &'static str },
}

impl Pays {
    /// Whether instalments are collected by a schedule, and what is charged is what was really used.
    pub fn by_instalments(&self) -> bool {
        matches!(self, Self::Instalments { .. })
    }
}

/// Somebody who shares an account.
pub(super) struct Partner {
    pub given_name: &'static str,
    pub family_name: &'static str,
    pub email: &'static str,
    pub mobile: &'static str,
}

/// Something that happens to a customer, in a month of the two years.
pub(super) enum Story {
    /// Holds the account together with somebody.
    Shares(Partner),
    /// Moves house.
    Moves { month: usize, address: Address, state: &'static str, postcode: &'static str },
    /// Leaves the retailer: is billed for the last time and settles up.
    Leaves { month: usize },
    /// Pays nothing any more from then on.
    StopsPaying { month: usize },
    /// Tells of trouble: what is done about the debt is held back for a while.
    IsSpared { month: usize },
    /// The debt goes to an agency, which gives up in the end; then it is written off.
    IsWrittenOff { month: usize, agency: &'static str, campaign: &'static str, given_up: usize },
    /// Gives to a good cause every month.
    Gives { month: usize, scheme: &'static str, amount: i64 },
    /// The bank takes a payment back.
    Bounces { month: usize },
    /// Has what the solar wallet holds put towards the bill.
    EmptiesWallet { month: usize },
    /// Staff keep something in mind.
    IsNoted { month: usize, note: &'static str },
    /// Wants bills on paper, in large print.
    WantsPaper { month: usize },
    /// They are written to in another language from then on: its ISO 639-1 code.
    Speaks { month: usize, language: &'static str },
}

/// The lines of an address.
pub(super) type Address = &'static [&'static str];

/// A business, and its further premises, each with an account of its own.
pub(super) struct Company {
    pub number: &'static str,
    pub form: &'static str,
    pub website: &'static str,
    pub sectors: &'static [&'static str],
    pub segment: &'static str,
    pub premises: &'static [(Address, &'static str)],
}

/// A customer.
pub(super) struct Customer {
    pub given_name: &'static str,
    pub family_name: &'static str,
    pub title: Option<&'static str>,
    pub pronouns: Option<&'static str>,
    pub email: &'static str,
    pub mobile: &'static str,
    pub born: (i32, u32, u32),
    pub brand: &'static str,
    pub account_type: &'static str,
    pub address: Address,
    pub postcode: &'static str,
    pub supplies: &'static [Supply],
    pub pays: Pays,
    /// In which month of the two years the account was opened.
    pub joined: usize,
    /// In which month they were given a referral reward, and how much.
    pub reward: Option<(usize, i64)>,
    /// In which month some of what they had in credit was paid back.
    pub refund: Option<(usize, i64)>,
    pub company: Option<&'static Company>,
    /// Kind and number of a concession card. Who has one is charged by the agreements of their home from the beginning, because
    /// rebates are on what agreements are charged.
    pub card: Option<(&'static str, &'static str)>,
    pub stories: &'static [Story],
}

impl Customer {
    /// Whether their past is charged by what ran through their meters, because what follows from it needs real charges:
    /// settled instalments, and rebates.
    pub fn is_charged_as_used(&self) -> bool {
        self.pays.by_instalments() || self.card.is_some()
    }

    /// Whether they still pay in a month.
    pub fn pays_in(&self, month: usize) -> bool {
        let stopped = |story: &Story| matches!(story, Story::StopsPaying { month: from } if *from <= month);
        !self.stories.iter().any(stopped)
    }

    /// Whether they have left before a month.
    pub fn is_gone(&self, month: usize) -> bool {
        self.stories.iter().any(|story| match story {
            Story::Leaves { month: last } | Story::IsWrittenOff { given_up: last, .. } => *last < month,
            _ => false,
        })
    }
}

/// Somebody of whom there is nothing to tell.
pub(super) const PLAIN: Customer = Customer {
    given_name: "",
    family_name: "",
    title: None,
    pronouns: None,
    email: "",
    mobile: "",
    born: (1980, 1, 1),
    brand: "",
    account_type: "DOMESTIC",
    address: &[],
    postcode: "",
    supplies: &[],
    pays: steady(1000),
    joined: 0,
    reward: None,
    refund: None,
    company: None,
    card: None,
    stories: &[],
};

/// Everybody, in no order of joining.
pub(super) fn everybody() -> impl Iterator<Item = &'static Customer> {
    CUSTOMERS.iter().chain(&EUROPE).chain(&OVERSEAS)
}

pub(super) const HEATING: [i64; 12] = [1900, 1750, 1450, 1000, 600, 350, 300, 300, 450, 900, 1350, 1650];
pub(super) const NORTHERN: [i64; 12] = [1250, 1180, 1080, 960, 880, 820, 820, 850, 900, 1000, 1100, 1160];
pub(super) const MONSOON: [i64; 12] = [1250, 1150, 950, 800, 750, 850, 1200, 1400, 1100, 800, 800, 950];
pub(super) const SOUTHERN: [i64; 12] = [1250, 1150, 950, 820, 900, 1150, 1250, 1100, 850, 780, 850, 950];
pub(super) const AIR_CONDITIONED: [i64; 12] =
    [750, 700, 700, 750, 1000, 1350, 1600, 1650, 1300, 850, 650, 700];
const SUNSHINE: [i64; 12] = [250, 450, 900, 1300, 1600, 1700, 1700, 1500, 1100, 700, 400, 200];

pub(super) const DIRECT_DEBIT: &str = "DD_REGULAR_COLLECTION";

pub(super) const fn electricity(monthly: i64, seasons: &'static [i64; 12]) -> Supply {
    Supply { supply: "electricity", title: "Electricity", ledger_type: None, monthly, seasons }
}

/// Electricity by another name.
pub(super) const fn named(title: &'static str, monthly: i64, seasons: &'static [i64; 12]) -> Supply {
    Supply { title, ..electricity(monthly, seasons) }
}

pub(super) const fn gas(monthly: i64, ledger_type: Option<&'static str>) -> Supply {
    Supply { supply: "gas", title: "Gas", ledger_type, monthly, seasons: &HEATING }
}

pub(super) const fn steady(permille: i64) -> Pays {
    Pays::Fixed { permille, payment_type: DIRECT_DEBIT, title: "Direct debit" }
}

/// The first customer is the one whose log-in is given out; their accounts share a portfolio.
pub(super) static CUSTOMERS: [Customer; 10] = [
    Customer {
        given_name: "Ada",
        family_name: "Ellis",
        title: Some("Dr"),
        pronouns: Some("she/her"),
        email: "ada.ellis@example.com",
        mobile: "+447700900101",
        born: (1984, 12, 10),
        brand: "OCTOPUS_ENERGY",
        address: &["12 Kelp Street", "Harbour Quarter", "Bristol"],
        postcode: "BS1 4QA",
        supplies: &[electricity(6200, &NORTHERN), gas(5400, None)],
        pays: steady(1040),
        joined: 0,
        reward: Some((5, 5000)),
        refund: Some((20, 6000)),
        ..PLAIN
    },
    Customer {
        given_name: "Marcus",
        family_name: "Oyelaran",
        title: Some("Mr"),
        email: "marcus.oyelaran@example.com",
        mobile: "+447700900102",
        born: (1971, 3, 2),
        brand: "OCTOPUS_ENERGY",
        address: &["Flat 3", "88 Tide Road", "Leeds"],
        postcode: "LS2 7UE",
        supplies: &[electricity(5100, &NORTHERN)],
        pays: Pays::Late { every: 5, payment_type: "DEBIT_CARD", title: "Card payment" },
        joined: 0,
        ..PLAIN
    },
    Customer {
        given_name: "Reef",
        family_name: "Bakery Ltd",
        email: "office@reef-bakery.example.com",
        mobile: "+447700900103",
        born: (1990, 6, 1),
        brand: "COOP_ENERGY",
        account_type: "BUSINESS",
        address: &["Unit 4", "Anchor Trading Estate", "Norwich"],
        postcode: "NR3 1GN",
        supplies: &[electricity(48_000, &NORTHERN), gas(21_000, None)],
        pays: Pays::InFull { payment_type: "BACS_DEPOSIT", title: "Bank transfer" },
        joined: 2,
        company: Some(&Company {
            number: "07654321",
            form: "LIMITED",
            website: "https://reef-bakery.example.com",
            sectors: &["MANUFACTURING", "RETAIL"],
            segment: "NEW_BUSINESS",
            premises: &[],
        }),
        ..PLAIN
    },
    Customer {
        given_name: "Sunniva",
        family_name: "Hart",
        title: Some("Ms"),
        pronouns: Some("they/them"),
        email: "sunniva.hart@example.com",
        mobile: "+447700900104",
        born: (1993, 8, 21),
        brand: "OCTOPUS_ENERGY",
        address: &["The Old Lighthouse", "Whitby"],
        postcode: "YO22 4JT",
        supplies: &[
            electricity(5600, &NORTHERN),
            Supply {
                supply: "electricity",
                title: "Electricity export",
                ledger_type: Some("SOLAR_WALLET_LEDGER"),
                monthly: -2600,
                seasons: &SUNSHINE,
            },
        ],
        pays: steady(1000),
        joined: 3,
        stories: &[Story::EmptiesWallet { month: 21 }],
        ..PLAIN
    },
    Customer {
        given_name: "Greta",
        family_name: "Lindemann",
        email: "greta.lindemann@example.de",
        mobile: "+4915550000105",
        born: (1967, 1, 30),
        brand: "OCTOPUS_ENERGY_GERMANY",
        address: &["Muschelweg 7", "Hamburg"],
        postcode: "20457",
        supplies: &[
            Supply {
                supply: "electricity",
                title: "Strom",
                ledger_type: None,
                monthly: 7400,
                seasons: &NORTHERN,
            },
            Supply {
                supply: "gas",
                title: "Gas",
                ledger_type: Some("GAS_LEDGER"),
                monthly: 9100,
                seasons: &HEATING,
            },
        ],
        pays: Pays::Fixed { permille: 1010, payment_type: DIRECT_DEBIT, title: "SEPA-Lastschrift" },
        joined: 0,
        reward: Some((9, 10_000)),
        ..PLAIN
    },
    Customer {
        given_name: "Emre",
        family_name: "Yıldız",
        email: "emre.yildiz@example.de",
        mobile: "+4915550000106",
        born: (1996, 10, 14),
        brand: "OCTOPUS_ENERGY_GERMANY",
        address: &["Korallenstraße 21", "Hinterhaus", "Berlin"],
        postcode: "10999",
        supplies: &[Supply {
            supply: "electricity",
            title: "Strom",
            ledger_type: None,
            monthly: 5200,
            seasons: &NORTHERN,
        }],
        pays: Pays::Fixed { permille: 960, payment_type: DIRECT_DEBIT, title: "SEPA-Lastschrift" },
        joined: 8,
        stories: &[Story::Speaks { month: 10, language: "en" }],
        ..PLAIN
    },
    Customer {
        given_name: "さくら",
        family_name: "井上",
        email: "sakura.inoue@example.jp",
        mobile: "+819000000107",
        born: (1988, 4, 5),
        brand: "TG_OCTOPUS_ENERGY",
        address: &["真珠町1-2-3", "港区", "東京都"],
        postcode: "105-0001",
        supplies: &[named("電気", 9800, &MONSOON), Supply { title: "都市ガス", ..gas(4300, None) }],
        pays: Pays::InFull { payment_type: "CREDIT_CARD", title: "クレジットカード" },
        joined: 0,
        reward: Some((13, 3000)),
        ..PLAIN
    },
    Customer {
        given_name: "蓮",
        family_name: "高橋",
        email: "ren.takahashi@example.jp",
        mobile: "+819000000108",
        born: (1979, 11, 23),
        brand: "TG_OCTOPUS_ENERGY",
        address: &["珊瑚2-8", "札幌市", "北海道"],
        postcode: "060-0042",
        supplies: &[Supply {
            supply: "electricity",
            title: "電気",
            ledger_type: None,
            monthly: 13_200,
            seasons: &HEATING,
        }],
        pays: Pays::Late { every: 3, payment_type: "KONBINI", title: "コンビニ払い" },
        joined: 4,
        ..PLAIN
    },
    Customer {
        given_name: "Tilly",
        family_name: "Nguyen",
        title: Some("Mrs"),
        email: "tilly.nguyen@example.com.au",
        mobile: "+61491570109",
        born: (1982, 2, 17),
        brand: "ORIGIN",
        address: &["5 Cuttlefish Crescent", "Marrickville NSW"],
        postcode: "2204",
        supplies: &[electricity(14_500, &SOUTHERN), gas(4200, Some("AUS_GAS_LEDGER"))],
        pays: Pays::InFull { payment_type: "BPAY", title: "BPAY" },
        joined: 0,
        reward: Some((7, 7500)),
        ..PLAIN
    },
    Customer {
        given_name: "Wade",
        family_name: "Castillo",
        title: Some("Mr"),
        pronouns: Some("he/him"),
        email: "wade.castillo@example.com",
        mobile: "+12025550110",
        born: (1975, 7, 4),
        brand: "OCTOPUS_ENERGY_US",
        address: &["4410 Nautilus Lane", "Houston TX"],
        postcode: "77002",
        supplies: &[electricity(13_900, &AIR_CONDITIONED)],
        pays: Pays::InFull { payment_type: "CREDIT_CARD", title: "Card payment" },
        joined: 1,
        ..PLAIN
    },
];
