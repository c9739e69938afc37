package main

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"syscall"
	"testing"

	"github.com/polluxio/pollux/sock/socktest"
)

// TestEcho runs server and client on one system, over its loopback.
func TestEcho(t *testing.T) {
	socktest.Check(t)
	ln, err := listen("1:any")
	if errors.Is(err, errors.ErrUnsupported) || errors.Is(err, syscall.EADDRNOTAVAIL) {
		socktest.Lacking(t, "internal/rigs/run ./examples/vsockecho", err)
	}
	socktest.Must(t, err)
	socktest.Closing(t, ln)
	call := socktest.Start(func() error { return serve(ln) })
	_, port := socktest.Name(t, ln).Vsock()
	text := strings.Repeat("Hello, world. ", 1000)
	answer, err := ask(fmt.Sprintf("1:%d", port), text)
	if err != nil || answer != text {
		t.Errorf("%d bytes of %d came back, or others: %v", len(answer), len(text), err)
	}
	ln.Close()
	if err := call.Wait(t); !errors.Is(err, net.ErrClosed) {
		t.Errorf("the server ended with %v", err)
	}
	if _, err := ask(fmt.Sprintf("1:%d", port), text); err == nil {
		t.Error("a server that is gone answered")
	}
}

func TestArguments(t *testing.T) {
	for _, args := range [][]string{nil, {"1:1"}, {"nonsense", "text"}, {"1:2:3", "text"}} {
		if err := run("", args); err == nil {
			t.Errorf("%q were taken", args)
		}
	}
	if err := run("nonsense", nil); err == nil {
		t.Error("a server at nonsense")
	}
}
