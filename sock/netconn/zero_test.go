package netconn_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"reflect"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/netconn"
	"github.com/polluxio/pollux/sock/socktest"
)

// Each method of a zero value, and of its views, returns an error with its operation around EINVAL,
// as in package net. None panics.
func TestZeroValues(t *testing.T) {
	socktest.Check(t)
	for _, v := range []any{
		new(netconn.Conn), new(netconn.Conn).In(nil), new(netconn.Conn).With(context.Background()),
		new(netconn.PacketConn), new(netconn.PacketConn).In(nil), new(netconn.PacketConn).With(context.Background()),
		new(netconn.Listener), new(netconn.Listener).In(nil),
	} {
		value := reflect.ValueOf(v)
		for i := range value.NumMethod() {
			name := value.Type().String() + "." + value.Type().Method(i).Name
			returned := false
			t.Run(name, func(t *testing.T) {
				defer func() {
					if !returned {
						t.Errorf("panic: %v", recover())
					}
				}()
				results := value.Method(i).Call(goodArguments(t, value.Method(i).Type()))
				returned = true
				if len(results) == 0 {
					return
				}
				last := results[len(results)-1]
				if last.Type() != reflect.TypeFor[error]() {
					return
				}
				err, _ := last.Interface().(error)
				op, ok := err.(*net.OpError)
				if !ok || op.Op == "" || !errors.Is(err, syscall.EINVAL) {
					t.Errorf("%T %v, want a *net.OpError with an operation around EINVAL", err, err)
				}
			})
		}
	}
	if s := new(netconn.Conn).Socket(); s == nil || s.Fileno() != -1 {
		t.Errorf("the socket of a zero Conn: %v, want a closed one", s)
	}
}

// goodArguments returns arguments that the method of a usable value would take.
func goodArguments(t *testing.T, method reflect.Type) []reflect.Value {
	to := netip.MustParseAddrPort("127.0.0.1:9")
	values := []any{
		1, time.Second, time.Time{}, true, []byte("x"), net.KeepAliveConfig{},
		to, net.UDPAddrFromAddrPort(to), sock.Inet("127.0.0.1", 9),
		strings.NewReader("x"), &net.Buffers{[]byte("x")}, []netconn.Message{{Buffers: [][]byte{{'x'}}}},
		io.Discard, context.Background(), (*loop.Task)(nil),
	}
	var arguments []reflect.Value
next:
	for want := range method.Ins() {
		for _, v := range values {
			if have := reflect.TypeOf(v); have == want || want.Kind() == reflect.Interface && have.Implements(want) {
				arguments = append(arguments, reflect.ValueOf(v))
				continue next
			}
		}
		t.Fatalf("no argument of type %v: add one", want)
	}
	return arguments
}

// The zero Socket is an error, and does not panic.
func TestZeroSocket(t *testing.T) {
	socktest.Check(t)
	c, err := netconn.New(new(sock.Socket))
	p, packetErr := netconn.NewPacketConn(new(sock.Socket))
	ln, listenErr := netconn.NewListener(new(sock.Socket))
	if c != nil || p != nil || ln != nil || err == nil || packetErr == nil || listenErr == nil {
		t.Errorf("%v, %v, %v", err, packetErr, listenErr)
	}
}
