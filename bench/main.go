// Command bench measures pollux beside its peers: package net, gnet, and an epoll server in C.
//
//	bench all         everything, in a quarter of an hour: report.json, report.html (also: bench alone)
//	bench echo        TCP echo: CPU per message, latency, rate, system calls and memory of each server
//	bench send        CPU of sending files and messages of several buffers
//	bench neighbours  what else runs in the process: how long it waits beside pollux, and beside package net
//
// Every server is a process of its own, this same program started again as "bench serve", and one
// load generator loads them in turn in short slices. README.md says how to read what comes out.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
)

// A command is one subcommand: it parses its own arguments.
type command func(args []string, stdout, stderr io.Writer) error

func main() {
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

// run is the whole program; it returns the exit status: 0, 1 for a failure, 2 for bad arguments.
func run(args []string, stdout, stderr io.Writer) int {
	err := dispatch(args, stdout, stderr)
	if err == nil {
		return 0
	}
	fmt.Fprintln(stderr, "bench:", err)
	if errors.As(err, new(usageError)) {
		return 2
	}
	return 1
}

func dispatch(args []string, stdout, stderr io.Writer) error {
	// serve, sender and host are hidden: bench starts its servers by them, but they may be run by
	// hand too.
	commands := map[string]command{"echo": echo, "serve": serve, "send": send, "sender": sender,
		"neighbours": neighbours, "host": hostProgram, "all": all}
	if len(args) == 0 {
		return all(nil, stdout, stderr)
	}
	if args[0] == "-h" || args[0] == "-help" || args[0] == "--help" || args[0] == "help" {
		fmt.Fprintln(stdout, "usage: bench [all|echo|send|neighbours] [flags]; -h lists the flags of each")
		return nil
	}
	c, ok := commands[args[0]]
	if !ok {
		return usageError(fmt.Sprintf("unknown subcommand %q: want all, echo, send or neighbours", args[0]))
	}
	return c(args[1:], stdout, stderr)
}

// usageError is one line that says what is wrong with the arguments, and what would be right.
type usageError string

func (e usageError) Error() string { return string(e) }

// parseFlags parses args into fs. It reports whether help was asked for, and written to stdout.
func parseFlags(fs *flag.FlagSet, args []string, stdout io.Writer) (helped bool, err error) {
	fs.SetOutput(io.Discard)
	err = fs.Parse(args)
	if errors.Is(err, flag.ErrHelp) {
		fs.SetOutput(stdout)
		fs.PrintDefaults()
		return true, nil
	}
	if err != nil {
		return false, usageError(fmt.Sprintf("%s: %v; the flags are %s", fs.Name(), err, flagNames(fs)))
	}
	if fs.NArg() > 0 {
		return false, usageError(fmt.Sprintf("%s: unexpected argument %q: want flags only, which are %s",
			fs.Name(), fs.Arg(0), flagNames(fs)))
	}
	return false, nil
}

func flagNames(fs *flag.FlagSet) string {
	var names []string
	fs.VisitAll(func(f *flag.Flag) { names = append(names, "-"+f.Name) })
	slices.Sort(names)
	return strings.Join(names, " ")
}
