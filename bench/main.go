// Command bench measures pollux beside its peers: package net, gnet, and an epoll server in C.
//
//	bench             everything, in a quarter of an hour: report.json, report.html
//	bench help        the measurements by themselves
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
	// serve, sender, host, tlsserver and shaker are hidden: bench starts its servers by them, but
	// they may be run by hand too.
	commands := map[string]command{"all": all, "serve": serve, "sender": sender, "host": hostProgram, "tlsserver": tlsServerProgram, "shaker": shakerProgram}
	names := []string{"all"}
	for _, p := range parts {
		commands[p.Name] = p.Command
		names = append(names, p.Name)
	}
	if len(args) == 0 {
		args = []string{"all"}
	}
	if args[0] == "-h" || args[0] == "-help" || args[0] == "--help" || args[0] == "help" {
		fmt.Fprintf(stdout, "usage: bench [%s] [flags]; -h lists the flags of each\n\n", strings.Join(names, "|"))
		fmt.Fprintf(stdout, "  %-12s%s\n", "all", "everything, in a quarter of an hour: report.json, report.html (also: bench alone)")
		for _, p := range parts {
			fmt.Fprintf(stdout, "  %-12s%s\n", p.Name, p.About)
		}
		return nil
	}
	if strings.HasPrefix(args[0], "-") { // flags of all
		args = append([]string{"all"}, args...)
	}
	c, ok := commands[args[0]]
	if !ok {
		return usageError(fmt.Sprintf("unknown subcommand %q: want one of %s", args[0], strings.Join(names, ", ")))
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
