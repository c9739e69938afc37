package main

import (
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

func TestBadArguments(t *testing.T) {
	for _, tt := range []struct {
		args []string
		want string // in the line that says what is wrong
	}{
		{[]string{"-conns", "0"}, "whole number, 1 or more"},
		{[]string{"-conns", "-5"}, "whole number, 1 or more"},
		{[]string{"-conns", "many"}, "whole number, 1 or more"},
		{[]string{"-conns", "100000000"}, "or less, unless ulimit -n is raised"},
		{[]string{"-conns"}, "flag needs an argument: -conns"},
		{[]string{"-conns", "1", "-loops", "100000000"}, "-loops 100000000: each needs"},
		{[]string{"-serve", "-loops", "9223372036854775807"}, "-loops 9223372036854775807: each needs"},
		{[]string{"-size", "0"}, "whole number, 1 or more"},
		{[]string{"-size", "9223372036854775807"}, "must be 4294967296 bytes or less"},
		{[]string{"-conns", "1", "-size", "2", "-depth", "9223372036854775807"}, "must be 4294967296 bytes or less"},
		{[]string{"-size", "65508", "-listen", "udp:127.0.0.1:0"}, "must be 65507 or less"},
		{[]string{"-depth", "0"}, "whole number, 1 or more"},
		{[]string{"-depth", "1.5"}, "whole number, 1 or more"},
		{[]string{"-loops", "-1"}, "whole number, 0 or more"},
		{[]string{"-for", "0s"}, "such as 5s"},
		{[]string{"-for", "-1s"}, "such as 5s"},
		{[]string{"-for", "5"}, "such as 5s"},
		{[]string{"-mode", "thread"}, "goroutine, task, callback"},
		{[]string{"-mode", ""}, "goroutine, task, callback"},
		{[]string{"-serve=perhaps"}, "true or false"},
		{[]string{"-listen", ""}, "must be like 127.0.0.1:7777"},
		{[]string{"-listen", "7777"}, "must be like 127.0.0.1:7777"},
		{[]string{"-listen", "127.0.0.1"}, "must be like 127.0.0.1:7777"},
		{[]string{"-listen", "127.0.0.1:65536"}, "port must be 0-65535"},
		{[]string{"-listen", "::1:7777"}, "an IPv6 address must be in brackets"},
		{[]string{"-listen", "udp:unix:/tmp/s"}, "must be like 127.0.0.1:7777"},
		{[]string{"-listen", "family 5:00"}, "must be like 127.0.0.1:7777"},
		{[]string{"-listen", "unix:/" + strings.Repeat("x", 200)}, "path too long"},
		{[]string{"-listen", "unix:/tmp/a\nb", "-x\ny"}, `not defined: -x\ny`},
		{[]string{"-fast"}, "not defined: -fast (-h lists the flags)"},
		{[]string{"127.0.0.1:7777"}, "there are only flags"},
		{[]string{"-serve", "7777"}, "there are only flags"},
	} {
		t.Run(strings.Join(tt.args, " "), func(t *testing.T) {
			stdout, stderr, status := start(t, tt.args...).end()
			if status != 2 || stdout != "" {
				t.Errorf("it ended with status %d, stdout %q", status, stdout)
			}
			if strings.Count(stderr, "\n") != 1 || !strings.HasSuffix(stderr, "\n") || !strings.Contains(stderr, tt.want) {
				t.Errorf("it said %q, want one line with %q", stderr, tt.want)
			}
		})
	}
}

func TestHelp(t *testing.T) {
	stdout, stderr, status := start(t, "-h").end()
	if stdout != usage || stderr != "" || status != 0 {
		t.Errorf("it ended with status %d, stderr %q, stdout\n%s", status, stderr, stdout)
	}
}

func TestEndpoints(t *testing.T) {
	for _, s := range []string{
		"127.0.0.1:7777", "0.0.0.0:0", "localhost:80", "[::1]:0", "[fe80::1%2]:7",
		"unix:/run/echo", "unix:@abstract", "unix:", "unix:here",
		"udp:127.0.0.1:7777", "udp:[::1]:0", "udp:localhost:7",
	} {
		e, err := parseEndpoint(s)
		if err != nil || e.String() != s {
			t.Errorf("%q became %q, %v", s, e, err)
		}
	}
}

// TestPortInUse makes the server fail: it prints the reason, and the exit status is 1, whether it
// only serves or is driven.
func TestPortInUse(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	for _, args := range [][]string{{"-serve"}, {"-conns", "1"}} {
		stdout, stderr, status := start(t, append(args, "-listen", ln.Addr().String())...).end()
		if status != 1 || stdout != "" || strings.Count(stderr, "\n") != 1 || !strings.Contains(stderr, "address already in use") {
			t.Errorf("%q: it ended with status %d, stdout %q, stderr %q", args, status, stdout, stderr)
		}
	}
}

// TestFileInTheWay puts a file where the socket should be.
func TestFileInTheWay(t *testing.T) {
	for _, tt := range []struct {
		name string
		make func(t *testing.T, path string)
		want string // of stderr; "": it listens
	}{
		{"the socket of a server that was killed", func(t *testing.T, path string) {
			ln, err := net.Listen("unix", path)
			if err != nil {
				t.Fatal(err)
			}
			ln.(*net.UnixListener).SetUnlinkOnClose(false)
			ln.Close()
		}, ""},
		{"the socket of a server", func(t *testing.T, path string) {
			ln, err := net.Listen("unix", path)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { ln.Close() })
		}, "another program listens"},
		{"a file", func(t *testing.T, path string) {
			if err := os.WriteFile(path, nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}, "is no socket"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "s")
			tt.make(t, path)
			if tt.want == "" {
				p, network, addr := startServing(t, "-listen", "unix:"+path)
				dial(t, network, addr)
				p.Process.Signal(syscall.SIGTERM)
				p.endWell()
				return
			}
			_, stderr, status := start(t, "-serve", "-listen", "unix:"+path).end()
			if status != 1 || strings.Count(stderr, "\n") != 1 || !strings.Contains(stderr, tt.want) {
				t.Errorf("it ended with status %d, stderr %q", status, stderr)
			}
			if _, err := os.Lstat(path); err != nil {
				t.Error("it took the file away:", err)
			}
		})
	}
}

// TestSuccessor starts a second server in the place of one that is draining. The first server must
// not remove the file of the second.
func TestSuccessor(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	first, network, addr := startServing(t, "-listen", "unix:"+path)
	busy := dial(t, network, addr)
	if _, err := busy.Write(random(100_000)); err != nil {
		t.Fatal(err)
	}
	first.Process.Signal(syscall.SIGTERM)
	for { // until the first server no longer has the address
		c, err := net.Dial(network, addr)
		if err != nil {
			break
		}
		c.Close()
	}
	second, _, _ := startServing(t, "-listen", "unix:"+path)
	busy.Close()
	first.endWell()
	dial(t, network, addr)
	second.Process.Signal(syscall.SIGTERM)
	second.endWell()
}

// TestAsManyAsItSays makes as many connections as are allowed beside many loops: both sides must
// have enough descriptors.
func TestAsManyAsItSays(t *testing.T) {
	const loops = "40"
	_, stderr, _ := startLimited(t, "300", "-loops", loops, "-conns", "1000000").end()
	most := regexp.MustCompile(`must be (\d+) or less`).FindStringSubmatch(stderr)
	if most == nil {
		t.Fatalf("it said %q", stderr)
	}
	stdout, stderr, status := startLimited(t, "300", "-loops", loops, "-conns", most[1], "-for", "50ms").end()
	if status != 0 || !strings.Contains(stdout, " "+most[1]+" connections") {
		t.Errorf("with %s connections it ended with status %d, stdout %q, stderr %q", most[1], status, stdout, stderr)
	}
}
