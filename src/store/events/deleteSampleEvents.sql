DELETE FROM events WHERE startsWith(service, {mark:String})
