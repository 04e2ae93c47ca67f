//! Smart meters in prepayment mode: credit is bought, passed to the meter, and used up by what runs through it.

pub mod credits;
pub mod meters;
pub mod numbers;
pub mod round;
pub mod shop_sales;
pub mod spending;
pub mod top_ups;
