package sock_test

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
)

// Items 119, 120: the arguments that are refused before a system call, and the order of the checks.
func TestSendmsgAfalgArguments(t *testing.T) {
	socktest.Check(t)
	alg := pretending(t, sock.AF_ALG, sock.SOCK_SEQPACKET, 0)
	other := socktest.UDP.New(t)
	huge := math.MaxInt
	for _, tt := range []struct {
		name         string
		s            *sock.Socket
		op, assoclen int
		text         string
		isArg        bool
	}{
		{"another family", other, sock.ALG_OP_ENCRYPT, 0, "algset is only supported for AF_ALG", false},
		{"another family first", other, -1, -1, "algset is only supported for AF_ALG", false},
		{"op negative", alg, -1, 0, "Invalid or missing argument 'op'", true},
		{"op too big", alg, huge, 0, "Invalid or missing argument 'op'", true},
		{"op before assoclen", alg, -1, -1, "Invalid or missing argument 'op'", true},
		{"assoclen negative", alg, sock.ALG_OP_ENCRYPT, -1, "assoclen must be positive", true},
		{"assoclen too big", alg, sock.ALG_OP_ENCRYPT, huge, "assoclen must be positive", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if huge == math.MaxInt32 && max(tt.op, tt.assoclen) == huge {
				t.Skip("an int of this processor is a C int, and none is too big")
			}
			_, err := tt.s.SendmsgAfalg([][]byte{hello}, tt.op, nil, tt.assoclen, 0)
			_, async := tt.s.Async().SendmsgAfalg([][]byte{hello}, tt.op, nil, tt.assoclen, 0).Wait(context.Background())
			for _, err := range []error{err, async} {
				var bad *sock.ArgError
				if err == nil || !strings.Contains(err.Error(), tt.text) || errors.As(err, &bad) != tt.isArg {
					t.Errorf("%v, want %q", err, tt.text)
				}
			}
		})
	}
}
