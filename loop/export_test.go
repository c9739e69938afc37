package loop

// WatchdogDozes reports whether the watchdog of l waits for the loop to wake up.
func WatchdogDozes(l *Loop) bool { return l.watchdog.dozing.Load() }
