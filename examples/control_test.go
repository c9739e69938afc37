package examples_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"
)

// built builds a program that TestMain has not built.
func built(t *testing.T, name string) {
	t.Helper()
	if out, err := exec.Command("go", "build", "-o", programs, "./"+name).CombinedOutput(); err != nil {
		t.Fatalf("%s%v", out, err)
	}
}

// The second process reads the files that the first process has opened.
func TestFdpass(t *testing.T) {
	built(t, "fdpass")
	names := []string{filepath.Join(t.TempDir(), "first"), filepath.Join(t.TempDir(), "second")}
	for i, name := range names {
		if err := os.WriteFile(name, fmt.Appendf(nil, "line %d\nand more\n", i), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	out, err := program(t, "fdpass", names...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s%v", out, err)
	}
	want := regexp.MustCompile(`^process (\d+) opened \S+/first as \d+
process (\d+) got it as \d+, and reads "line 0"
process (\d+) opened \S+/second as \d+
process (\d+) got it as \d+, and reads "line 1"
$`)
	m := want.FindStringSubmatch(string(out))
	if m == nil || m[1] == m[2] || m[1] != m[3] || m[2] != m[4] {
		t.Errorf("%s%v", out, m)
	}
}

// Both instances print what one of them sends.
func TestChat(t *testing.T) {
	built(t, "chat")
	port, err := net.ListenPacket("udp4", "127.0.0.1:0") // free, and reserved for this test until the end
	if err != nil {
		t.Fatal(err)
	}
	at := fmt.Sprintf("239.77.1.1:%d", port.LocalAddr().(*net.UDPAddr).Port)
	port.Close()
	start := func(name string) (in io.WriteCloser, heard func(string), end func()) {
		cmd := program(t, "chat", name, at)
		cmd.Stderr = os.Stderr
		in, err := cmd.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		out, err := cmd.StdoutPipe()
		if err == nil {
			err = cmd.Start()
		}
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { cmd.Process.Kill() })
		lines := bufio.NewScanner(out)
		heard = func(want string) {
			t.Helper()
			if !lines.Scan() || lines.Text() != want {
				t.Fatalf("%s heard %q, %v; want %q", name, lines.Text(), lines.Err(), want)
			}
		}
		end = func() {
			in.Close()
			if err := cmd.Wait(); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		return in, heard, end
	}
	ann, annHears, annEnds := start("ann")
	annHears("ann is here")
	bob, bobHears, bobEnds := start("bob")
	annHears("bob is here")
	bobHears("bob is here")
	io.WriteString(bob, "hello\n")
	annHears("bob: hello")
	bobHears("bob: hello")
	io.WriteString(ann, "hello yourself\n")
	bobHears("ann: hello yourself")
	bobEnds()
	annEnds()
}

// This host is one hop away.
func TestTracerouteHere(t *testing.T) {
	onLinux(t)
	built(t, "traceroute")
	for _, host := range []string{"127.0.0.1", "localhost", "::1"} {
		if ln, err := net.Listen("tcp", net.JoinHostPort(host, "0")); err != nil {
			t.Log("not without that address:", err)
			continue
		} else {
			ln.Close()
		}
		out, err := program(t, "traceroute", host).CombinedOutput()
		if err != nil || !regexp.MustCompile(`^ 1  (127\.0\.0\.1|::1)  \d+\.\d{3} ms\n$`).Match(out) {
			t.Errorf("%s: %q, %v", host, out, err)
		}
	}
}

// With a router in between, in network namespaces, there are two hops.
func TestTracerouteByARouter(t *testing.T) {
	onLinux(t)
	built(t, "traceroute")
	if _, err := exec.LookPath("ip"); err != nil {
		t.Skip("install iproute2:", err)
	}
	id := fmt.Sprintf("pollux%d", os.Getpid())
	host, router, far := id+"a", id+"b", id+"c"
	t.Cleanup(func() {
		for _, name := range []string{host, router, far} {
			exec.Command("ip", "netns", "delete", name).Run()
		}
	})
	for line := range strings.SplitSeq(strings.NewReplacer("HOST", host, "ROUTER", router, "FAR", far).Replace(twoLinks), "\n") {
		if out, err := exec.Command("sh", "-ec", line).CombinedOutput(); err != nil {
			t.Skipf("run this as root, where there are namespaces: %s: %v: %s", line, err, out)
		}
	}
	trace := func(to string) ([]byte, error) {
		return exec.Command("timeout", "20", "ip", "netns", "exec", host, program(t, "traceroute").Path, to).CombinedOutput()
	}
	for _, tt := range []struct{ to, first string }{{"10.77.2.1", "10.77.1.2"}, {"fd77:2::1", "fd77:1::2"}} {
		const took = `  \d+\.\d{3} ms\n`
		want := regexp.MustCompile("^ 1  " + regexp.QuoteMeta(tt.first) + took + " 2  " + regexp.QuoteMeta(tt.to) + took + "$")
		for deadline := time.Now().Add(long / 2); ; { // links need a moment, and the first packets on one may be lost
			out, err := trace(tt.to)
			if err == nil && want.Match(out) {
				break
			}
			if err != nil || time.Now().After(deadline) {
				t.Errorf("to %s: %q, %v; want %s", tt.to, out, err, want)
				break
			}
		}
	}
	// The router reports a host that cannot be reached.
	out, err := trace("10.78.0.1")
	if err != nil || !strings.HasPrefix(string(out), " 1  10.77.1.2  ") || strings.Count(string(out), "\n") != 1 {
		t.Errorf("no route: %q, %v", out, err)
	}
}

// twoLinks makes a host, a router and a host behind it. IPv6 would first look for duplicate
// addresses for a second.
const twoLinks = `ip netns add HOST
ip netns add ROUTER
ip netns add FAR
for n in HOST ROUTER FAR; do ip netns exec $n sh -c 'echo 0 > /proc/sys/net/ipv6/conf/default/accept_dad'; done
ip link add h0 netns HOST type veth peer name r0 netns ROUTER
ip link add f0 netns FAR type veth peer name r1 netns ROUTER
ip -n HOST addr add 10.77.1.1/24 dev h0; ip -n HOST addr add fd77:1::1/64 dev h0 nodad; ip -n HOST link set h0 up
ip -n ROUTER addr add 10.77.1.2/24 dev r0; ip -n ROUTER addr add fd77:1::2/64 dev r0 nodad; ip -n ROUTER link set r0 up
ip -n ROUTER addr add 10.77.2.2/24 dev r1; ip -n ROUTER addr add fd77:2::2/64 dev r1 nodad; ip -n ROUTER link set r1 up
ip -n FAR addr add 10.77.2.1/24 dev f0; ip -n FAR addr add fd77:2::1/64 dev f0 nodad; ip -n FAR link set f0 up
ip -n HOST route add default via 10.77.1.2; ip -n HOST route add default via fd77:1::2
ip -n FAR route add default via 10.77.2.2; ip -n FAR route add default via fd77:2::2
ip netns exec ROUTER sh -c 'echo 1 > /proc/sys/net/ipv4/ip_forward; echo 1 > /proc/sys/net/ipv6/conf/all/forwarding'`

func onLinux(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux has an error queue: run this on Linux")
	}
}
