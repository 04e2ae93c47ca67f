//! Properties, supply points and meters: what is shown of them, to whom, and the use cases behind.

mod gas;
mod markets;
mod periods;
mod postcodes;
mod premises;
mod shown;
mod use_cases;
