package bluetooth

import (
	"errors"

	"github.com/polluxio/pollux/sock"
)

var errNoAnswer = errors.New("the controller does not answer")

// HCIRequest sends a command, and receives until the event that answers it; it drops the packets
// before. The result is that of HCIEvent.Answers, which begins with a status in most cases, where 0
// is success. Events must pass the socket's filter:
//
//	bluetooth.SetHCIFilter(s, bluetooth.HCIFilter{}.Type(bluetooth.HCI_EVENT_PKT).AllEvents())
//
// The socket's timeout is for each receive. Errors: those of Send and Recv; a *sock.ArgError for
// too many parameters.
func HCIRequest(s *sock.Socket, opcode uint16, params ...byte) (result []byte, err error) {
	p, err := AppendHCICommand(nil, HCICommand{opcode, params})
	if err == nil {
		_, err = s.Send(p, 0)
	}
	if err != nil {
		return nil, err
	}
	buf := make([]byte, HCI_MAX_FRAME_SIZE)
	for range hciPatience {
		n, err := s.RecvInto(buf, 0)
		if err != nil {
			return nil, err
		}
		if e, err := DecodeHCIEvent(buf[:n]); err == nil {
			if op, result, ok := e.Answers(); ok && op == opcode {
				return result, nil
			}
		}
	}
	return nil, s.OpError("recv", sock.Addr{}, errNoAnswer)
}

// hciPatience is the number of packets after which HCIRequest gives up, so that a busy controller
// does not keep it forever.
const hciPatience = 10000
