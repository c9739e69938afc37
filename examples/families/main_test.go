package main

import (
	"bytes"
	"runtime"
	"strings"
	"testing"

	"github.com/polluxio/pollux/sock"
)

// TestReport finds a line for every kind, with yes, or with no and a reason.
func TestReport(t *testing.T) {
	var out bytes.Buffer
	if err := report(&out); err != nil {
		t.Fatal(err)
	}
	t.Logf("\n%s", &out)
	head, table, ok := strings.Cut(out.String(), "\n\n")
	table, kernelTLS, also := strings.Cut(table, "\n\n")
	if !also || !strings.HasPrefix(kernelTLS, "TLS in the kernel: ") || len(kernelTLS) < len("TLS in the kernel: no ()") {
		t.Errorf("of TLS in the kernel: %q", kernelTLS)
	}
	if !ok || !strings.Contains(head, runtime.GOOS+"/"+runtime.GOARCH) || !strings.Contains(head, runtime.Version()) {
		t.Errorf("the head is %q", head)
	}
	lines := strings.Split(strings.TrimSpace(table), "\n")[1:]
	kinds := sock.KnownSockets()
	if len(lines) != len(kinds) {
		t.Fatalf("%d lines for %d kinds", len(lines), len(kinds))
	}
	for i, k := range kinds {
		fields := strings.Fields(strings.TrimPrefix(lines[i], k.Family))
		rest := fields[len(strings.Fields(k.Proto)):]
		if !strings.HasPrefix(lines[i], k.Family) || rest[0] != "yes" && (rest[0] != "no" || len(rest) < 3) {
			t.Errorf("%v: %q", k, lines[i])
		}
		if runtime.GOOS == "linux" && k.Proto == "IPPROTO_TCP" && k.Family == "AF_INET" && rest[0] != "yes" {
			t.Errorf("no TCP: %q", lines[i])
		}
	}
}
