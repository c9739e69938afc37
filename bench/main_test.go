package main

import (
	"bufio"
	"bytes"
	"fmt"
	"net"
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"
)

// TestMain makes the test program serve, too: bench starts its servers by running itself.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 {
		switch os.Args[1] {
		case "serve", "sender", "host":
			os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
		case "corrupt":
			every, err := strconv.Atoi(os.Args[2])
			if err != nil {
				panic(err)
			}
			serveCorrupt(every)
		}
	}
	// With the race detector each process sleeps for a second at its end, unless told not to.
	if os.Getenv("GORACE") == "" {
		os.Setenv("GORACE", "atexit_sleep_ms=0")
	}
	os.Exit(m.Run())
}

// serveCorrupt is an echo server that changes a bit in one of so many bytes of each connection.
func serveCorrupt(every int) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println("listening on", l.Addr())
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				buf := make([]byte, 4096)
				for total := 0; ; {
					n, err := c.Read(buf)
					if err != nil {
						return
					}
					if total/every != (total+n)/every {
						buf[n-1] ^= 1
					}
					total += n
					if _, err := c.Write(buf[:n]); err != nil {
						return
					}
				}
			}()
		}
	}()
	bufio.NewReader(os.Stdin).ReadByte() // until stdin ends
	os.Exit(0)
}

func TestBadArguments(t *testing.T) {
	tests := []struct {
		name string
		args string
		want string // part of the line
	}{
		{"all: argument", "all fast", `unexpected argument "fast"`},
		{"all: part", "all -parts echo,ping", `unknown "ping": want some of echo`},
		{"unknown subcommand", "ping", `unknown subcommand "ping"`},
		{"unknown flag", "echo -speed 3", "-scenarios"},
		{"argument", "echo net", `unexpected argument "net"`},
		{"scenario", "echo -scenarios 1x1,2x2", `unknown "2x2": want some of 1x1,100x1`},
		{"implementation", "echo -impls rust", `unknown "rust": want some of pollux-callback`},
		{"empty list", "echo -impls=", `unknown ""`},
		{"procs", "echo -procs 1,0", `bad value "0"`},
		{"cycles", "echo -cycles 0", "want 1 or more"},
		{"slice", "echo -slice 1us", "want 5ms to 1m"},
		{"place", "echo -place here", "want apart, together or free"},
		{"send: case", "send -cases 16x64,file2", `unknown "file2"`},
		{"send: cycles", "send -cycles 0", "want 1 or more"},
		{"send: place", "send -place here", "want apart, together or free"},
		{"sender: implementation", "sender -impl c", `unknown "c"`},
		{"neighbours: traffic", "neighbours -traffic one,two", `unknown "two": want some of one,hundred`},
		{"neighbours: mode", "neighbours -modes net", `unknown "net": want some of callback`},
		{"neighbours: neighbour", "neighbours -neighbours cat", `unknown "cat": want some of net,http`},
		{"neighbours: cycles", "neighbours -cycles 0", "want 1 or more"},
		{"neighbours: slice", "neighbours -slice 1us", "want 5ms to 10s"},
		{"neighbours: procs", "neighbours -procs x", `neighbours: -procs: bad value "x"`},
		{"host: traffic", "host -traffic two", `unknown "two": want one of one,hundred`},
		{"host: mode", "host -mode gnet", "want net or one of callback"},
		{"host: procs", "host -procs 0", "want 1 or more"},
		{"serve: implementation", "serve -impl c", "want one of pollux-callback,pollux-task,pollux-goroutine,pollux-future,pollux-protocol,pollux-server-go,gnet,net"},
		{"serve: suite", "serve -suite gopher", `unknown "gopher": want one of echo`},
		{"serve: procs", "serve -procs 0", "want 1 or more"},
		{"serve: timeout", "serve -timeout -1s", "want 0 or more"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			if status := run(strings.Fields(tt.args), &stdout, &stderr); status != 2 {
				t.Errorf("status %d, want 2", status)
			}
			if s := stderr.String(); strings.Count(s, "\n") != 1 || !strings.Contains(s, tt.want) {
				t.Errorf("stderr is %q, want one line with %q", s, tt.want)
			}
			if stdout.Len() > 0 {
				t.Errorf("stdout is %q, want nothing", &stdout)
			}
		})
	}
}

func TestHelp(t *testing.T) {
	for _, args := range []string{"help", "-h", "all -h", "echo -h", "send -h", "neighbours -h"} {
		var stdout, stderr bytes.Buffer
		if status := run(strings.Fields(args), &stdout, &stderr); status != 0 || stdout.Len() == 0 {
			t.Errorf("%s: status %d, stdout %q, stderr %q; want 0 and help", args, status, &stdout, &stderr)
		}
	}
}

func TestNeedsLinux(t *testing.T) {
	if runtime.GOOS == "linux" {
		t.Skip("this is Linux; the test is for the other systems")
	}
	var stdout, stderr bytes.Buffer
	if status := run([]string{"echo"}, &stdout, &stderr); status != 1 || !strings.Contains(stderr.String(), "needs Linux") {
		t.Errorf("status %d, stderr %q; want 1 and that it needs Linux", status, &stderr)
	}
}
