package protocol_test

import (
	"context"
	"encoding/json"
	"errors"
	"os/exec"
	"reflect"
	"runtime"
	"syscall"
	"testing"

	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/protocol"
	"github.com/polluxio/pollux/sock/socktest"
)

// Each method of a zero Server and a zero Client returns EINVAL, also in a future, if it returns an
// error. None panics. A socket that the method takes is closed.
func TestZeroValues(t *testing.T) {
	socktest.Check(t)
	for _, v := range []any{new(protocol.Server), new(protocol.Client)} {
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
				arguments := goodArguments(t, value.Method(i).Type())
				results := value.Method(i).Call(arguments)
				returned = true
				for _, a := range arguments {
					if s, ok := a.Interface().(*sock.Socket); ok && s.Fileno() >= 0 {
						s.Close()
						t.Error("the socket is open")
					}
				}
				for _, r := range results {
					var err error
					switch v := r.Interface().(type) {
					case loop.Future[*protocol.Transport]:
						_, err = v.Wait(context.Background())
					case error:
						err = v
					default:
						if r.Type() != reflect.TypeFor[error]() {
							continue
						}
					}
					if !errors.Is(err, syscall.EINVAL) && !errors.Is(err, errors.ErrUnsupported) {
						t.Errorf("%v, want EINVAL", err)
					}
				}
			})
		}
	}
}

// The zero Socket is an error, and does not panic.
func TestZeroSocket(t *testing.T) {
	socktest.Check(t)
	s, err := protocol.NewServer(&protocol.Config{Loops: 1, New: func(*protocol.Transport) protocol.Protocol { return protocol.Base{} }})
	socktest.Must(t, err)
	defer s.Close()
	c, err := protocol.NewClient(&protocol.Config{Loops: 1})
	socktest.Must(t, err)
	defer c.Close()
	_, adopted := s.Adopt(new(sock.Socket), nil)
	_, connected := c.Connect(t.Context(), new(sock.Socket), sock.Inet("127.0.0.1", 9), protocol.Base{}).Wait(t.Context())
	for name, err := range map[string]error{"Serve": s.Serve(new(sock.Socket)), "Adopt": adopted, "Connect": connected,
		"ServePacket": s.ServePacket(new(sock.Socket), protocol.DatagramBase{})} {
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// A nil context does not end, as with Client.Dial.
func TestNilContext(t *testing.T) {
	socktest.Check(t)
	s, err := protocol.NewServer(&protocol.Config{Loops: 1, New: func(*protocol.Transport) protocol.Protocol { return protocol.Base{} }})
	socktest.Must(t, err)
	defer s.Close()
	var none context.Context
	if ended := exec.Command("false"); runtime.GOOS != "windows" {
		if err := s.HandOver(none, ended); !errors.Is(err, protocol.ErrNotReady) {
			t.Errorf("HandOver: %v", err)
		}
	}
	_, err = s.Shutdown(none)
	socktest.Must(t, err)
}

// A Var prints JSON without a source, and of a zero Server.
func TestZeroVar(t *testing.T) {
	for _, v := range []protocol.Var{{}, {Source: new(protocol.Server)}, {Source: new(protocol.Client)}} {
		if text := v.String(); !json.Valid([]byte(text)) {
			t.Errorf("%q is no JSON", text)
		}
	}
}

// goodArguments returns arguments that the method of a usable value would take.
func goodArguments(t *testing.T, method reflect.Type) []reflect.Value {
	s, err := sock.New(sock.AF_INET, sock.SOCK_STREAM, 0)
	socktest.Must(t, err)
	t.Cleanup(func() { s.Close() })
	values := []any{
		s, sock.Inet("127.0.0.1", 9), "127.0.0.1", 9, []byte("x"), context.Background(), exec.Command("/nowhere"),
		func(*protocol.Transport) {}, func(*loop.Task, *sock.Socket) {}, protocol.Base{}, protocol.DatagramBase{},
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
