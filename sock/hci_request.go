package sock

import "errors"

var errNoAnswer = errors.New("the controller does not answer")

// HCIRequest sends a command and receives until the event that answers it comes; what comes before that is dropped. It gives what the
// event returns, as HCIEvent.Answers has it: mostly a status first, where 0 is success. The filter must let events pass:
//
//	s.SetHCIFilter(sock.HCIFilter{}.Type(sock.HCI_EVENT_PKT).AllEvents())
//
// The timeout is for each receive. Errors: as Send and Recv; an *ArgError for too many parameters.
func (s *Socket) HCIRequest(opcode uint16, params ...byte) (result []byte, err error) {
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
	return nil, s.fail("recv", Addr{}, errNoAnswer)
}

// hciPatience is how many packets HCIRequest drops before it gives up, so that a busy controller does not keep it for ever.
const hciPatience = 10000
