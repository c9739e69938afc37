package main

// An impl is one implementation of a suite's server: a function of this program, or a program in C.
type impl struct {
	Name string

	// Serve runs the server; nil for one in C, which cannot have hogs.
	Serve func(serveConfig) error

	// C is the source of a server in C. It prints "listening on ADDRESS", and ends when its stdin
	// does.
	C []byte

	// Timeouts says that "serve -timeout" sets a timeout on each wait for data.
	Timeouts bool

	// Plain keeps the server out of the scenarios with hogs and with timeouts.
	Plain bool
}
