package sock

// Windows says WSAHOST_NOT_FOUND where others say EAI_ADDRFAMILY.
const eaiAddrFamily = EAI_NONAME

var gaiErrorsHere []gaiText
