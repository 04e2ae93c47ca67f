//! What of supply a viewer may see, as conditions of SQL. Arguments 1 and 2 are the viewer, as for accounts.
//!
//! Whoever may see an account sees the properties that it holds or has held and the points that were supplied on it;
//! staff see all of them. What was measured at a point belongs to whoever was supplied then: statements about it join
//! `supply_periods`.

/// The property `pr` is, or was, held by an account that the viewer may see.
macro_rules! property_is_visible {
    () => {
        concat!(
            "(/*who*/ $1::text = 'support-user' /*others*/ or exists (select from occupancies seen \
              join accounts a on a.id = seen.account_id where seen.property_id = pr.id and ",
            $crate::domain::auth::viewer::account_is_visible!(),
            ") /*end*/)"
        )
    };
}

/// The supply point `sp` is, or was, supplied on an account that the viewer may see.
macro_rules! supply_point_is_visible {
    () => {
        concat!(
            "(/*who*/ $1::text = 'support-user' /*others*/ or exists (select from supply_periods seen \
              join accounts a on a.id = seen.account_id where seen.supply_point_id = sp.id and ",
            $crate::domain::auth::viewer::account_is_visible!(),
            ") /*end*/)"
        )
    };
}

/// The time zone of the supply point `sp`, as the data files of the markets have it.
macro_rules! zone_of_point {
    () => {
        "case sp.market when 'gb' then 'Europe/London' when 'de' then 'Europe/Berlin' when 'jp' then 'Asia/Tokyo' \
         when 'au' then 'Australia/Sydney' else 'America/Chicago' end"
    };
}

/// The meter `m` hung at its point, known as `sp`, while that was supplied on an account that the viewer may see.
macro_rules! meter_is_visible {
    () => {
        concat!(
            "(/*who*/ $1::text = 'support-user' /*others*/ or exists (select from supply_periods seen \
              join accounts a on a.id = seen.account_id where seen.supply_point_id = sp.id \
                and (m.active_to is null or m.active_to > (lower(seen.during) at time zone ",
            $crate::domain::supply::visible::zone_of_point!(),
            ")::date) and (upper_inf(seen.during) or m.active_from < (upper(seen.during) at time zone ",
            $crate::domain::supply::visible::zone_of_point!(),
            ")::date) and ",
            $crate::domain::auth::viewer::account_is_visible!(),
            ") /*end*/)"
        )
    };
}

pub(crate) use {meter_is_visible, property_is_visible, supply_point_is_visible, zone_of_point};

#[cfg(test)]
mod tests {
    use crate::platform::market;

    #[test]
    fn points_are_in_the_zones_of_their_markets() {
        let (named, last) = zone_of_point!().rsplit_once("else").expect("a last market");
        for market in market::all() {
            let zone = market.time_zone().name();
            let is_named = named.contains(&format!("when '{}' then '{zone}'", market.code));
            assert!(is_named || last.contains(zone), "{}: {zone}", market.code);
        }
    }
}
