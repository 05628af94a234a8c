using Platform.Core.Money;
using Platform.Payments;
using Services.Fines.Tests.Register;

namespace Services.Fines.Tests.PayFine;

public sealed class FinePricesTests
{
    [Test]
    public void A_position_bears_the_fines_number_and_todays_amount_by_its_parts()
    {
        var position = PriceFinesHandler.Position(Some.Fine, new FinesSettings(), new(2026, 3, 5));
        (position.Reference, position.Title, position.Due.DueOn).Should().Be(("V/2026/1042", "Verbale V/2026/1042", new DateOnly(2026, 3, 7)));
        position.Due.Lines.Should().Equal(
            new AmountLine("Sanzione", "9/0102100SA/", "sanzioni-cds", Euro.Of(29, 40)),
            new AmountLine("Spese di accertamento e notifica", "9/0102100SA/", "spese-notifica", Euro.Of(2)));
    }

    [Test]
    public void An_amount_without_a_last_day_is_promised_for_today_only() =>
        PriceFinesHandler.Position(Some.Fine, new FinesSettings { Surcharge = false }, new(2026, 7, 1)).Due.DueOn.Should().Be(new(2026, 7, 1));

    [Test]
    public void No_line_is_zero() =>
        PriceFinesHandler.Position(Some.Fine with { Costs = Euro.Zero }, new FinesSettings(), new(2026, 3, 5)).Due.Lines.Should().ContainSingle();

    [TestCase("2026-03-07", 31_40, "2026-03-07T23:30:00Z", TestName = "in winter half past midnight in Rome is half past eleven in the evening in Greenwich")]
    [TestCase("2026-05-02", 44_00, "2026-05-02T22:30:00Z", TestName = "in summer half past ten")]
    public void A_price_holds_until_half_an_hour_after_the_legal_day(string day, long cents, string until)
    {
        var price = (Quote.Priced)FinePositions.Price(Some.Fine, new FinesSettings(), DateOnly.Parse(day, System.Globalization.CultureInfo.InvariantCulture));
        price.Lines.Sum(line => line.Amount.Cents).Should().Be(cents);
        price.ValidUntil.Should().Be(DateTimeOffset.Parse(until, System.Globalization.CultureInfo.InvariantCulture));
    }
}
