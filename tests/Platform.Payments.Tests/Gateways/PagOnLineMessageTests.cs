using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Platform.Core.Money;
using Platform.Payments.Gateways.PagOnLine;

namespace Platform.Payments.Tests.Gateways;

/// <summary>What the gateway believes. A message verifies only when, decoded, it is what the bank wrote, in the order in which the bank wrote it.</summary>
public sealed class PagOnLineMessageTests
{
    const string Order = "URG-0123456789ABC-7";
    const string Other = "URG-ZZZZZZZZZZZZZ-1";

    static readonly PagOnLineGateway Gateway = new(new HttpClient(), NullLogger<PagOnLineGateway>.Instance);

    static readonly AgreementTerms Terms = new(
        Guid.Empty, JsonSerializer.SerializeToElement(new { merchant = "9999888", store = "99888", user = "9999888", start = "https://bank.example/initInsert.do", query = "https://bank.example/q" }),
        new Dictionary<string, string>(StringComparer.Ordinal) { ["password"] = "secret", ["key"] = BankPen.Key });

    static IEnumerable<TestCaseData> Genuine() =>
    [
        new TestCaseData("return", BankPen.Return(Order)).SetArgDisplayNames("return OK"),
        new TestCaseData("return", BankPen.Return(Order, "KO")).SetArgDisplayNames("return KO"),
        new TestCaseData("listener", BankPen.Listener(Order, "IC")).SetArgDisplayNames("listener IC"),
    ];

    [TestCaseSource(nameof(Genuine))]
    public void A_genuine_message_verifies(string channel, string message) => Read(channel, message).Should().Match<GatewayFact>(fact => fact.Genuine && fact.Readable);

    [TestCaseSource(nameof(Genuine))]
    public void No_other_byte_anywhere_verifies(string channel, string message)
    {
        var bytes = Encoding.Latin1.GetBytes(message);
        for (var at = 0; at < bytes.Length; at++)
            for (var other = 0; other < 256; other++)
            {
                var tampered = bytes.ToArray();
                tampered[at] = (byte)other;
                ShouldNotVerifyUnlessTheSame(channel, message, Encoding.Latin1.GetString(tampered));
            }
    }

    [TestCaseSource(nameof(Genuine))]
    public void No_byte_dropped_or_added_verifies(string channel, string message)
    {
        for (var at = 0; at < message.Length; at++)
        {
            ShouldNotVerifyUnlessTheSame(channel, message, message.Remove(at, 1));
            foreach (var added in "&=+%0aA\0\u00e8")
                ShouldNotVerifyUnlessTheSame(channel, message, message.Insert(at, added.ToString()));
        }
    }

    [TestCaseSource(nameof(Genuine))]
    public void No_parameter_can_be_dropped_doubled_moved_or_renamed(string channel, string message)
    {
        var pairs = message.Split('&');
        for (var at = 0; at < pairs.Length; at++)
        {
            var (name, value) = (pairs[at].Split('=', 2)[0], pairs[at].Split('=', 2)[1]);
            Reject([.. pairs[..at], .. pairs[(at + 1)..]]);
            Reject([.. pairs[..(at + 1)], .. pairs[at..]]);
            Reject([.. pairs, pairs[at]]);
            Reject([pairs[at], .. pairs]);
            Reject(With(at, $"{name}="));
            Reject(With(at, name));
            Reject(With(at, $"={value}"));
            Reject(With(at, $"{name}={value}%26altro%3D1"));
            Reject(With(at, $"{name}={value}%3D"));
            Reject(With(at, $"{name}={value}%00"));
            Reject(With(at, $"{name}={value}%"));
            Reject(With(at, $"{name}={value}%4"));
            Reject(With(at, $"{name}={value}%zz"));
            Reject(With(at, $"{name}={value}%C3%A8"));
            Reject(With(at, $"{(char.IsUpper(name[0]) ? char.ToLowerInvariant(name[0]) : char.ToUpperInvariant(name[0]))}{name[1..]}={value}"));
            if (name is not ("mac" or "MAC"))
            {
                Reject(With(at, $"{name.ToUpperInvariant()}={value}"));
                ShouldNotVerifyUnlessTheSame(channel, message, string.Join('&', With(at, $"{name}={value.ToUpperInvariant()}")));
            }
            for (var to = at + 1; to < pairs.Length; to++)
            {
                var swapped = pairs.ToArray();
                (swapped[at], swapped[to]) = (swapped[to], swapped[at]);
                Reject(swapped);
                var values = pairs.ToArray();
                (values[at], values[to]) = ($"{name}={pairs[to].Split('=', 2)[1]}", $"{pairs[to].Split('=', 2)[0]}={value}");
                ShouldNotVerifyUnlessTheSame(channel, message, string.Join('&', values));
            }
        }

        string[] With(int at, string pair) => [.. pairs[..at], pair, .. pairs[(at + 1)..]];

        void Reject(string[] tampered) => Read(channel, string.Join('&', tampered)).Genuine.Should().BeFalse(string.Join('&', tampered));
    }

    [Test]
    public void No_splice_of_two_genuine_messages_verifies()
    {
        (string Channel, string One, string Two)[] cases =
        [
            ("return", BankPen.Return(Order), BankPen.Return(Other, "IC")),
            ("return", BankPen.Return(Order), BankPen.Return(Other, "KO")),
            ("listener", BankPen.Listener(Order, "IC"), BankPen.Listener(Other, "KO")),
            ("return", BankPen.Return(Order), BankPen.Listener(Order, "IC")),
            ("listener", BankPen.Return(Order), BankPen.Listener(Order, "IC")),
        ];
        foreach (var (channel, one, two) in cases)
        {
            var (a, b) = (one.Split('&'), two.Split('&'));
            for (var choice = 0; choice < 1 << a.Length; choice++)
            {
                var mixed = string.Join('&', a.Select((pair, at) => (choice >> at & 1) == 0 || at >= b.Length ? pair : b[at]));
                if (Read(channel, mixed).Genuine)
                    (SameMeaning(mixed, one) || SameMeaning(mixed, two)).Should().BeTrue(mixed);
            }
            Read(channel, one + "&" + two).Genuine.Should().BeFalse();
            Read(channel, two + "&" + one).Genuine.Should().BeFalse();
        }
    }

    [Test]
    public void A_message_of_one_channel_is_no_message_of_the_other()
    {
        Read("listener", BankPen.Return(Order)).Should().Be(new GatewayFact(false, false, GatewayOutcome.Undetermined, null));
        Read("return", BankPen.Listener(Order, "IC")).Should().Be(new GatewayFact(false, false, GatewayOutcome.Undetermined, null));
        Read("return", BankPen.Sign($"tipomessaggio=PAYMENT_STATE&numeroOrdine={Order}&numeroCommerciante=9999888&stabilimento=99888&esito=OK&statoattuale=IC")).Genuine.Should().BeFalse();
    }

    [Test]
    public void Our_own_signed_request_is_no_word_of_the_bank()
    {
        var request = Gateway.Prepare(new(Order, new Euro(4200), new("https://portico.example/pagamenti/pagonline/ritorno"), "it"), Terms).Query[1..];
        foreach (var channel in new[] { "return", "listener" })
            Read(channel, request).Genuine.Should().BeFalse();
    }

    [Test]
    public void The_code_may_be_named_in_small_or_capital_letters_and_in_no_other_way()
    {
        Read("return", BankPen.Return(Order).Replace("mac=", "MAC=", StringComparison.Ordinal)).Genuine.Should().BeTrue();
        Read("listener", BankPen.Listener(Order, "IC").Replace("MAC=", "mac=", StringComparison.Ordinal)).Genuine.Should().BeTrue();
        Read("return", BankPen.Return(Order).Replace("mac=", "Mac=", StringComparison.Ordinal)).Genuine.Should().BeFalse();
        Read("return", BankPen.Return(Order) + "&MAC=x").Genuine.Should().BeFalse();
    }

    [Test]
    public void A_code_sent_without_encoding_is_repaired()
    {
        // An order whose code has a plus, found by trying.
        var order = Enumerable.Range(0, 1000).Select(n => $"URG-{n:0000000000000}-7").First(o => BankPen.Return(o).Contains("%2B", StringComparison.Ordinal));
        var message = BankPen.Return(order);
        Read("return", message.Replace("%2B", "+", StringComparison.Ordinal)).Genuine.Should().BeTrue("a plus left as it is reads as a blank");
        Read("return", message.Replace("%2B", "%20", StringComparison.Ordinal)).Genuine.Should().BeTrue();
        Read("return", message.Replace("%3D", "=", StringComparison.Ordinal)).Genuine.Should().BeTrue();
        Read("return", message.Replace("%2B", "-", StringComparison.Ordinal)).Genuine.Should().BeFalse();
    }

    [Test]
    public void Letters_are_Latin_1_and_a_code_over_UTF_8_does_not_pass_for_them()
    {
        var plain = $"numeroOrdine={Order}&numeroCommerciante=9999888&stabilimento=99888&esito=OK&nota=è";
        var genuine = BankPen.Sign(plain);
        genuine.Should().Contain("nota=%E8");
        Read("return", genuine).Genuine.Should().BeTrue();
        Read("return", genuine.Replace("%E8", "%C3%A8", StringComparison.Ordinal)).Genuine.Should().BeFalse();
        Read("return", genuine.Replace("%E8", "\u00e8", StringComparison.Ordinal)).Genuine.Should().BeTrue("the raw byte is the same letter");
    }

    [Test]
    public void A_genuine_code_of_another_merchant_or_shop_or_key_is_not_ours()
    {
        Read("return", BankPen.Sign($"numeroOrdine={Order}&numeroCommerciante=9999889&stabilimento=99888&esito=OK")).Should().Match<GatewayFact>(fact => !fact.Genuine && fact.Readable);
        Read("return", BankPen.Sign($"numeroOrdine={Order}&numeroCommerciante=9999888&stabilimento=99988&esito=OK")).Genuine.Should().BeFalse();
        Read("return", BankPen.Return(Order, key: "another")).Genuine.Should().BeFalse();
    }

    [TestCase("RO", GatewayOutcome.Registered)]
    [TestCase("OK", GatewayOutcome.Approved)]
    [TestCase("IC", GatewayOutcome.Approved)]
    [TestCase("CO", GatewayOutcome.Approved)]
    [TestCase("KO", GatewayOutcome.Refused)]
    [TestCase("AB", GatewayOutcome.Abandoned)]
    [TestCase("EX", GatewayOutcome.Expired)]
    [TestCase("ST", GatewayOutcome.Reversed)]
    [TestCase("ZZ", GatewayOutcome.Undetermined)]
    public void A_listener_call_means_what_its_state_says_and_names_no_amount(string state, GatewayOutcome outcome) =>
        Read("listener", BankPen.Listener(Order, state)).Should().Be(new GatewayFact(true, true, outcome, null));

    [TestCase("PAYMENTTYPE=CartCred&AMOUNT=400&DEPOSITAMOUNT=0&OBJECT=PAYMENT&TIMEMODIFIED=19.06.2012+12%3A46&STATE=AB&ORDERNUMBER=eef7f674&CURRENCY=978&APPROVEAMOUNT=0&TIMECREATED=19.06.2012+12%3A45&AMOUNTEXP10=-2", GatewayOutcome.Abandoned, null)]
    [TestCase("AMOUNT=400&DEPOSITAMOUNT=300&OBJECT=PAYMENT&STATE=CO&CURRENCY=978&APPROVEAMOUNT=350&AMOUNTEXP10=-2\r\n", GatewayOutcome.Completed, 300L)]
    [TestCase("AMOUNT=400&DEPOSITAMOUNT=0&OBJECT=PAYMENT&STATE=IC&CURRENCY=978&APPROVEAMOUNT=350&AMOUNTEXP10=-2", GatewayOutcome.Completed, 350L)]
    [TestCase("AMOUNT=400&OBJECT=PAYMENT&STATE=OK&CURRENCY=978&AMOUNTEXP10=-2", GatewayOutcome.Approved, null)]
    [TestCase("AMOUNT=400&OBJECT=PAYMENT&STATE=ST&CURRENCY=978&AMOUNTEXP10=-2", GatewayOutcome.Reversed, null)]
    [TestCase("AMOUNT=400&OBJECT=PAYMENT&STATE=CO&CURRENCY=840&AMOUNTEXP10=-2", GatewayOutcome.Undetermined, null, Description = "dollars")]
    [TestCase("AMOUNT=400&OBJECT=PAYMENT&STATE=CO&CURRENCY=978&AMOUNTEXP10=0", GatewayOutcome.Undetermined, null, Description = "not cents")]
    [TestCase("AMOUNT=-400&OBJECT=PAYMENT&STATE=CO&CURRENCY=978&AMOUNTEXP10=-2", GatewayOutcome.Undetermined, null)]
    [TestCase("AMOUNT=4e2&OBJECT=PAYMENT&STATE=CO&CURRENCY=978&AMOUNTEXP10=-2", GatewayOutcome.Undetermined, null)]
    [TestCase("AMOUNT=99999999999999999999&OBJECT=PAYMENT&STATE=CO&CURRENCY=978&AMOUNTEXP10=-2", GatewayOutcome.Undetermined, null)]
    [TestCase("OBJECT=PAYMENT&STATE=CO&CURRENCY=978&AMOUNTEXP10=-2", GatewayOutcome.Undetermined, null, Description = "no amount")]
    [TestCase("AMOUNT=400&AMOUNT=1&OBJECT=PAYMENT&STATE=CO&CURRENCY=978&AMOUNTEXP10=-2", GatewayOutcome.Undetermined, null, Description = "twice")]
    [TestCase("DESCRIZIONE=STATO ORDINE FALLITO: ordine inesistente&SRC=1&PRC=10119", GatewayOutcome.NotFound, null)]
    [TestCase("DESCRIZIONE=STATO+ORDINE+FALLITO%3A+ordine+inesistente", GatewayOutcome.NotFound, null)]
    [TestCase("DESCRIZIONE=STATO ORDINE FALLITO: sistema temporaneamente non disponibile&SRC=1&PRC=10999", GatewayOutcome.Undetermined, null)]
    [TestCase("<html><body><h1>502 Bad Gateway</h1></body></html>", GatewayOutcome.Undetermined, null)]
    [TestCase("", GatewayOutcome.Undetermined, null)]
    public void An_answer_to_our_question_means(string answer, GatewayOutcome outcome, long? cents) =>
        Read("query", answer).Should().Be(new GatewayFact(true, true, outcome, cents is { } c ? new Euro(c) : null));

    [Test]
    public void The_order_of_an_answer_is_read_whatever_line_end_follows() =>
        Gateway.OrderNumberIn(new("query", "STATE=CO&ORDERNUMBER=URG-0123456789ABC-7\r\n"u8.ToArray())).Should().Be(Order);

    static GatewayFact Read(string channel, string message) => Gateway.Read(new(channel, Encoding.Latin1.GetBytes(message)), Terms);

    static void ShouldNotVerifyUnlessTheSame(string channel, string genuine, string tampered)
    {
        if (Read(channel, tampered).Genuine && !SameMeaning(genuine, tampered))
            Assert.Fail($"verifies: {tampered}");
    }

    /// <summary>Decoded by another hand than the product's: the same names and values in the same order.</summary>
    static bool SameMeaning(string one, string other) => Decode(one).SequenceEqual(Decode(other));

    static IEnumerable<(string, string)> Decode(string message) => message.Split('&').Select(pair => pair.Split('=', 2)).Select(pair =>
    {
        var name = Text(pair[0]);
        var value = pair.Length == 2 ? Text(pair[1]) : "\0absent";
        return name is "mac" or "MAC" ? ("mac", value.Replace(' ', '+')) : (name, value);
    });

    static string Text(string encoded)
    {
        var bytes = Encoding.Latin1.GetBytes(encoded);
        return Encoding.Latin1.GetString(System.Net.WebUtility.UrlDecodeToBytes(bytes, 0, bytes.Length) ?? []);
    }
}
