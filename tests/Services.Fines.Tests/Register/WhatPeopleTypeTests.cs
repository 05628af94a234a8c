using Services.Fines.Register;

namespace Services.Fines.Tests.Register;

public sealed class WhatPeopleTypeTests
{
    [TestCase("V/2026/1042")]
    [TestCase(" v/2026/1042 ")]
    [TestCase("v 2026 1042")]
    [TestCase("V-2026-0001042")]
    [TestCase("V / 2026 / 1042")]
    [TestCase("V–2026–1042")]
    public void A_number_is_read_however_it_is_copied(string typed)
    {
        FineNumber.TryParse(typed, out var number).Should().BeTrue();
        number!.Value.ToString().Should().Be("V/2026/1042");
    }

    [TestCase(null)]
    [TestCase("")]
    [TestCase("1042")]
    [TestCase("V/2026")]
    [TestCase("V/26/1042")]
    [TestCase("V/2026/0")]
    [TestCase("V/1992/1")]
    [TestCase("V/2026/1042/7")]
    [TestCase("V/2026/99999999999")]
    [TestCase("V/２０２６/1042")]
    [TestCase("TROPPOLUNGA/2026/1")]
    public void What_is_no_number_is_refused(string? typed) => FineNumber.TryParse(typed, out _).Should().BeFalse();

    [TestCase("AB123CD", "AB123CD")]
    [TestCase(" ab 123-cd ", "AB123CD")]
    [TestCase("B·MW 42", "BMW42")]
    public void A_plate_is_letters_and_digits(string typed, string plate)
    {
        Plate.TryParse(typed, out var read).Should().BeTrue();
        read!.Value.Value.Should().Be(plate);
    }

    [TestCase(null)]
    [TestCase("A")]
    [TestCase("--- ---")]
    [TestCase("AB123CD'; --")]
    [TestCase("АВ123СD", Description = "Cyrillic look-alikes")]
    [TestCase("ABCDEFGH12345678")]
    public void What_is_no_plate_is_refused(string? typed) => Plate.TryParse(typed, out _).Should().BeFalse();

    [Test]
    public void Only_the_right_day_with_the_right_plate_proves_the_paper()
    {
        var day = new DateOnly(2026, 2, 20);
        Proof.Same(day, "AB123CD", day, "AB123CD").Should().BeTrue();
        Proof.Same(day, "AB123CD", day.AddDays(1), "AB123CD").Should().BeFalse();
        Proof.Same(day, "AB123CD", day, "AB123CE").Should().BeFalse();
        Proof.Same(day, "AB123CD", day, "AB123C").Should().BeFalse();
    }
}
