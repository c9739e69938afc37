package main

// An impl is one implementation of a suite's server: a function of this program, a program in C, or
// another program in Go.
type impl struct {
	Name string

	// Serve runs the server; nil for a program of its own, which cannot have hogs.
	Serve func(serveConfig) error

	// C is the source of a server in C. It prints "listening on ADDRESS", and ends when its stdin
	// does.
	C []byte

	// Package is the folder of a program in Go, from the root of the main module, and Args are its
	// arguments. It may be in another module, takes GOMAXPROCS from its environment, and prints
	// "listening on ADDRESS". It need not end when its stdin does.
	Package string
	Args    []string

	// Timeouts says that "serve -timeout" sets a timeout on each wait for data.
	Timeouts bool

	// Plain keeps the server out of the scenarios with hogs and with timeouts.
	Plain bool
}
