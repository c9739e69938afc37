package sock_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/polluxio/pollux/families"
	"github.com/polluxio/pollux/internal/bare"
	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
)

func TestCreateConnection(t *testing.T) { // items 216, 217
	bare.Localhost(t)
	socktest.Check(t)
	_, addr := socktest.TCP.Listener(t)
	for _, test := range []struct {
		name string
		host string
		cfg  *sock.ConnectionConfig
		want time.Duration
	}{
		{"no config", "127.0.0.1", nil, time.Minute},
		{"zero config", "localhost", &sock.ConnectionConfig{}, time.Minute},
		{"timeout", "127.0.0.1", &sock.ConnectionConfig{Timeout: sock.Within(time.Hour)}, time.Hour},
		{"blocking", "127.0.0.1", &sock.ConnectionConfig{Timeout: sock.Within(sock.Forever)}, sock.Forever},
		{"context", "127.0.0.1", &sock.ConnectionConfig{Context: t.Context()}, time.Minute},
		{"source", "127.0.0.1", &sock.ConnectionConfig{Source: sock.Inet("127.0.0.1", 0)}, time.Minute},
	} {
		t.Run(test.name, func(t *testing.T) {
			socktest.Check(t)
			setDefaultTimeout(t, time.Minute)
			s, err := sock.CreateConnection(test.host, addr.Port(), test.cfg)
			socktest.Must(t, err)
			defer s.Close()
			if s.Family() != sock.AF_INET || s.Type() != sock.SOCK_STREAM || s.Timeout() != test.want {
				t.Errorf("it is %v with timeout %v", s, s.Timeout())
			}
			if peer, err := s.Getpeername(); peer != addr || err != nil {
				t.Errorf("the peer is %v, %v; want %v", peer, err, addr)
			}
		})
	}
}

// The empty host has two addresses, and no socket listens on the first of them.
func TestCreateConnectionTriesInOrder(t *testing.T) { // items 216, 219
	socktest.Check(t)
	_, addr := socktest.TCP.Listener(t)
	s, err := sock.CreateConnection("", addr.Port(), nil)
	socktest.Must(t, err)
	defer s.Close()
	if s.Family() != sock.AF_INET {
		t.Errorf("it is %v", s)
	}
	_, addr6 := socktest.TCP6.Listener(t)
	s6, err := sock.CreateConnection("", addr6.Port(), nil)
	socktest.Must(t, err)
	defer s6.Close()
	if s6.Family() != sock.AF_INET6 {
		t.Errorf("it is %v", s6)
	}
}

func TestCreateConnectionFails(t *testing.T) { // items 219, 234, 245
	bare.Localhost(t)
	socktest.Check(t)
	port := refusing(t).Port()
	_, err := sock.CreateConnection("", port, nil)
	var group *sock.ExceptionGroup
	if !errors.Is(err, syscall.ECONNREFUSED) || errors.As(err, &group) || !strings.Contains(err.Error(), "127.0.0.1") {
		t.Errorf("%v, want the error of the last try", err)
	}
	_, err = sock.CreateConnection("", port, &sock.ConnectionConfig{AllErrors: true})
	if !errors.As(err, &group) || len(group.Errors) != 2 || group.Text != "create_connection failed" {
		t.Fatalf("%v, want an ExceptionGroup of two", err)
	}
	for i, want := range []string{"[::1]", "127.0.0.1"} {
		if !strings.Contains(group.Errors[i].Error(), want) {
			t.Errorf("error %d is %v, want that of %s", i, group.Errors[i], want)
		}
	}
	if !strings.HasPrefix(err.Error(), "create_connection failed") || !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("the group is %v", err)
	}
	_, err = sock.CreateConnection("localhost", port, &sock.ConnectionConfig{AllErrors: true})
	if !errors.As(err, &group) || len(group.Errors) == 0 {
		t.Errorf("%v, want an ExceptionGroup even of one", err)
	}
}

// An error of the resolver is returned unchanged.
func TestCreateConnectionUnknownHost(t *testing.T) { // items 216, 219
	socktest.Check(t)
	for _, all := range []bool{false, true} {
		_, err := sock.CreateConnection("no such host", 80, &sock.ConnectionConfig{AllErrors: all})
		var group *sock.ExceptionGroup
		if !errors.Is(err, &sock.GaiError{Code: sock.EAI_NONAME}) || errors.As(err, &group) {
			t.Errorf("%v, want a GaiError", err)
		}
	}
}

// In Python the resolver decides what a port is: 70000 counts as 4464.
func TestCreateConnectionRefuses(t *testing.T) { // items 216, 217
	socktest.Check(t)
	for _, port := range []int{-1, 65536, 70000} {
		var arg *sock.ArgError
		if s, err := sock.CreateConnection("127.0.0.1", port, nil); s != nil || !errors.As(err, &arg) {
			t.Errorf("port %d: %v", port, err)
		}
	}
	var arg *sock.ArgError
	_, err := sock.CreateConnection("127.0.0.1", 9, &sock.ConnectionConfig{Timeout: sock.Within(-time.Second)})
	if !errors.As(err, &arg) || arg.Rule != "Timeout value out of range" {
		t.Errorf("a negative timeout: %v", err)
	}
}

func TestCreateConnectionSource(t *testing.T) { // item 218
	socktest.Check(t)
	_, addr := socktest.TCP.Listener(t)
	source, err := sock.New(-1, -1, -1)
	socktest.Must(t, err)
	socktest.Must(t, source.Bind(sock.Inet("127.0.0.1", 0)))
	want := socktest.Name(t, source)
	socktest.Must(t, source.Close())
	s, err := sock.CreateConnection("127.0.0.1", addr.Port(), &sock.ConnectionConfig{Source: want})
	socktest.Must(t, err)
	defer s.Close()
	if got := socktest.Name(t, s); got != want {
		t.Errorf("it is bound to %v, want %v", got, want)
	}
	for _, test := range []struct {
		name   string
		source sock.Addr
		want   error
	}{
		{"not this host's", sock.Inet("192.0.2.1", 0), syscall.EADDRNOTAVAIL},
		{"another family", sock.Inet6("::1", 0), families.ErrFamilyMismatch},
		{"port 70000", sock.Inet("127.0.0.1", 70000), families.ErrPort},
	} {
		var group *sock.ExceptionGroup
		_, err := sock.CreateConnection("127.0.0.1", addr.Port(), &sock.ConnectionConfig{Source: test.source, AllErrors: true})
		if !errors.Is(err, test.want) || !errors.As(err, &group) {
			t.Errorf("%s: %v, want %v", test.name, err, test.want)
		}
	}
}

func TestCreateConnectionTimeout(t *testing.T) { // item 217
	socktest.Check(t)
	const timeout = 5 * time.Millisecond
	addr := unanswered(t)
	began := time.Now()
	_, err := sock.CreateConnection("127.0.0.1", addr.Port(), &sock.ConnectionConfig{Timeout: sock.Within(timeout)})
	if took := time.Since(began); !errors.Is(err, os.ErrDeadlineExceeded) || took < timeout {
		t.Errorf("%v after %v, want a timeout", err, took)
	}
}

// After the end of the context, no more addresses are tried.
func TestCreateConnectionCanceled(t *testing.T) { // item 219
	bare.Localhost(t)
	socktest.Check(t)
	addr := unanswered(t)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Millisecond)
	defer cancel()
	_, err := sock.CreateConnection("127.0.0.1", addr.Port(), &sock.ConnectionConfig{Context: ctx})
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v, want the context's error", err)
	}
	for _, host := range []string{"", "localhost"} {
		var group *sock.ExceptionGroup
		_, err = sock.CreateConnection(host, addr.Port(), &sock.ConnectionConfig{Context: ctx, AllErrors: true})
		if !errors.Is(err, context.DeadlineExceeded) || errors.As(err, &group) && len(group.Errors) > 1 {
			t.Errorf("%q, a context that has ended: %v", host, err)
		}
	}
}

func TestCreateConnectionInATask(t *testing.T) { // item 216
	bare.Localhost(t)
	socktest.Check(t)
	ln, addr := socktest.TCP.Listener(t)
	inTask(t, func(task *loop.Task) error {
		s, err := sock.CreateConnection("localhost", addr.Port(), &sock.ConnectionConfig{Task: task})
		if err != nil {
			return err
		}
		defer s.Close()
		peer, _, err := ln.In(task).Accept()
		if err != nil {
			return err
		}
		defer peer.Close()
		if _, err := s.Sendall(hello, 0); err != nil {
			return err
		}
		return wantBytes("hello")(peer.Recv(10, 0))
	})

	waiting := unanswered(t)
	inTask(t, func(task *loop.Task) error {
		_, err := sock.CreateConnection("127.0.0.1", waiting.Port(), &sock.ConnectionConfig{Task: task, Timeout: sock.Within(5 * time.Millisecond)})
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			return fmt.Errorf("%w, want a timeout", err)
		}
		return nil
	})
}

// The port may be text: a number, or the name of a service.
func TestCreateConnectionToATextPort(t *testing.T) {
	socktest.Check(t)
	_, addr := socktest.TCP.Listener(t)
	s, err := sock.CreateConnection("127.0.0.1", fmt.Sprint(addr.Port()), nil)
	socktest.Must(t, err)
	socktest.Closing(t, s)
	if peer, err := s.Getpeername(); peer != addr || err != nil {
		t.Errorf("the peer is %v, %v, want %v", peer, err, addr)
	}
	for _, test := range []struct {
		port string
		cfg  *sock.ConnectionConfig
		want error
	}{
		{"no-such-service", nil, &sock.GaiError{Code: sock.EAI_SERVICE}},
		{"", nil, sock.ArgMissing},
		{"http", &sock.ConnectionConfig{Service: "https"}, sock.ArgConflict},
	} {
		if _, err := sock.CreateConnection("127.0.0.1", test.port, test.cfg); !errors.Is(err, test.want) {
			t.Errorf("port %q: %v, want %v", test.port, err, test.want)
		}
	}
	// The look-up of "http" is over before Make is called.
	_, err = sock.CreateConnection("127.0.0.1", "http", &sock.ConnectionConfig{Make: func(info sock.AddrInfo) (*sock.Socket, error) {
		return nil, fmt.Errorf("port %d", info.Addr.Port())
	}})
	if err == nil || !strings.Contains(err.Error(), "port 80") {
		t.Errorf("the port of http: %v", err)
	}
}
