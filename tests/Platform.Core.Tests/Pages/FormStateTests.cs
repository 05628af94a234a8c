using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using Platform.Core.Pages;

namespace Platform.Core.Tests.Pages;

public sealed class FormStateTests
{
    [Test]
    public void Keeps_the_first_value_trimmed_and_leaves_the_token_out()
    {
        var form = FormState.From(new FormCollection(new Dictionary<string, StringValues>(StringComparer.Ordinal)
        {
            ["number"] = new(["  V/1 ", "V/2"]), ["__token"] = "secret", ["empty"] = "  ",
        }));

        form["number"].Should().Be("V/1");
        form["__token"].Should().BeEmpty();
        form.IsEmpty("empty").Should().BeTrue();
        form["never posted"].Should().BeEmpty();
    }

    [TestCase("2026-11-23", "2026-11-23")]
    [TestCase("23/11/2026", "2026-11-23")]
    [TestCase("1/2/2026", "2026-02-01")]
    [TestCase("1.2.2026", "2026-02-01")]
    [TestCase("31/02/2026", null)]
    [TestCase("11/23/2026", null)]
    [TestCase("", null)]
    public void Reads_a_date_day_first(string typed, string? expected) =>
        new FormState().Set("date", typed).Date("date").Should().Be(expected is null ? null : DateOnly.Parse(expected, System.Globalization.CultureInfo.InvariantCulture));

    [Test]
    public void Reads_a_plate_as_registers_write_it() => new FormState().Set("plate", "ab 123-cd").Plate("plate").Should().Be("AB123CD");

    [Test]
    public void Lists_errors_in_order_and_shows_a_field_its_first()
    {
        var form = new FormState().AddError("b", "one").AddError("a", "two").AddError("b", "three");

        form.IsValid.Should().BeFalse();
        form.Errors.Select(error => error.Message).Should().Equal("one", "two", "three");
        form.ErrorOf("b").Should().Be("one");
        form.ErrorOf("c").Should().BeNull();
    }
}
