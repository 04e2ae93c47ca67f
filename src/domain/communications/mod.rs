//! What is written to customers, and the post house that carries it; how they want to be reached, their calls, and the
//! conversations with them.

pub mod calls;
pub mod checks;
pub mod events;
pub mod forms;
pub mod ink;
pub mod line;
pub mod messages;
pub mod opt_ins;
pub mod post;
pub mod print;
pub mod push;
pub mod records;
pub mod simulated_line;
pub mod simulated_printer;
pub mod simulator;
pub mod triggering;
pub mod triggers;
pub mod verification;
