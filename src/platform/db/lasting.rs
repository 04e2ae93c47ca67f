//! What stays as it is for as long as a database lives, and is read once by each server.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// One value of each type.
#[derive(Clone, Debug, Default)]
pub(super) struct Lasting(Arc<Mutex<HashMap<TypeId, Arc<dyn Any + Send + Sync>>>>);

impl Lasting {
    fn all(&self) -> MutexGuard<'_, HashMap<TypeId, Arc<dyn Any + Send + Sync>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn get<T: Any + Send + Sync>(&self) -> Option<Arc<T>> {
        let found = self.all().get(&TypeId::of::<T>()).cloned();
        found.and_then(|found| found.downcast().ok())
    }

    pub fn keep<T: Any + Send + Sync>(&self, value: &Arc<T>) {
        self.all().insert(TypeId::of::<T>(), Arc::clone(value) as Arc<dyn Any + Send + Sync>);
    }

    pub fn forget<T: Any + Send + Sync>(&self) {
        self.all().remove(&TypeId::of::<T>());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_found_by_its_type() {
        let lasting = Lasting::default();
        lasting.keep(&Arc::new(7_i64));
        lasting.keep(&Arc::new("seven"));
        assert_eq!((lasting.get::<i64>().as_deref(), lasting.get::<i32>()), (Some(&7), None));
        lasting.forget::<i64>();
        assert_eq!((lasting.get::<i64>(), lasting.get::<&str>().as_deref()), (None, Some(&"seven")));
    }
}
