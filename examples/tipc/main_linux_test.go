package main

import (
	"errors"
	"strings"
	"testing"

	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
)

func TestMain(m *testing.M) { socktest.RunMain(m, main) }

func TestTIPC(t *testing.T) {
	socktest.ProgramFails(t, "usage: tipc server | tipc client")
	s, err := sock.New(sock.AF_TIPC, sock.SOCK_RDM, 0)
	if errors.Is(err, errors.ErrUnsupported) {
		for _, arg := range []string{"server", "client"} {
			socktest.ProgramFails(t, "needs CONFIG_TIPC", arg)
		}
		socktest.Lacking(t, "internal/rigs/run ./examples/tipc", err)
	}
	socktest.Must(t, err)
	socktest.Must(t, s.Close())
	client := socktest.StartProgram(t, "client") // it waits for the service
	server := socktest.StartProgram(t, "server")
	for _, tt := range []struct {
		line func() string
		want string
	}{
		{server, "Serving 18888:17"}, {client, "Found: published 18888:17 at "}, {server, `Asked "Hello, world" by id:`},
		{client, `Received "HELLO, WORLD" from id:`},
	} {
		if got := tt.line(); !strings.HasPrefix(got, tt.want) {
			t.Errorf("it wrote %q, want %q", got, tt.want)
		}
	}
}
