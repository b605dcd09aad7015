"""What zeep reads of a WSDL, and calls without security: calls.py CALCULATOR-WSDL KINDS-WSDL (either form)."""

import sys

import zeep


def calculator(wsdl):
    # It takes the actions of the port type for a wish to have WS-Addressing, and sends the headers to both.
    for port in ("WSHttpBinding_ICalculator", "BasicHttpBinding_ICalculator"):
        service = zeep.Client(wsdl).bind("CalculatorService", port)
        assert service.Add(100.0, 15.99) == 115.99, port
        assert service.Divide(n1=22.0, n2=7.0) == 22.0 / 7.0, port
        print(f"zeep {wsdl} {port}: called")


def kinds(wsdl):
    client = zeep.Client(wsdl)
    service = client.bind("KindsService", "BasicHttpBinding_Kinds")
    assert len(service._operations) == 16, sorted(service._operations)
    assert service.Nothing() is None
    poco = service.EchoPoco({"Names": {"string": ["a", "b"]}, "X": 9})
    assert poco.X == 9 and poco.Names.string == ["a", "b"], poco
    customer = client.get_type("{http://Microsoft.ServiceModel.Samples}Customer")
    address = {"City": "Bern", "Zip": 3000}
    party = customer(Name="Ada", Home=address, Likes=["Red", "Azure"], Others={"Address": [address]})
    back = service.EchoParty(party)
    assert type(back).__name__ == "Customer" and back.Name == "Ada" and back.Home.City == "Bern", back
    assert back.Likes == ["Red", "Azure"], back
    prices = service.EchoLegacy({"Number": 7, "Text": "x", "Later": None})
    assert prices.Number == 7 and prices.Text == "x", prices
    print(f"zeep {wsdl}: called")


calculator(sys.argv[1])
kinds(sys.argv[2])
