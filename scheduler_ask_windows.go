package pollux

// Go's own poller is a completion port here. Without a socket, this package cannot make news for
// it. So while a poller is busy all the time, only sysmon asks Go's poller, every 10 ms.

func openGoPoller() {}

func askGoPoller() error { return nil }
