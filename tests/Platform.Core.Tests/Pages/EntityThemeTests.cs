using System.Globalization;
using System.Text.RegularExpressions;
using CsCheck;
using Platform.Core.Pages;

namespace Platform.Core.Tests.Pages;

public sealed class EntityThemeTests
{
    [Test]
    public void Any_colour_reads_well_on_white_on_panels_and_under_white_text() =>
        Gen.Int[0, 0xffffff].Sample(rgb =>
        {
            var css = EntityTheme.Css(SamplePages.Marzabotto with { Colour = "#" + rgb.ToString("x6", CultureInfo.InvariantCulture) });
            var colours = Regex.Matches(css, "--portico-(?<name>[a-z-]+): (?<colour>#[0-9a-f]{6});", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)
                .ToDictionary(match => match.Groups["name"].Value, match => match.Groups["colour"].Value, StringComparer.Ordinal);
            foreach (var name in (string[])["primary", "primary-hover", "primary-dark", "primary-darker"])
            {
                foreach (var ground in (string[])["#ffffff", "#f2f5f9"])
                    EntityTheme.Contrast(colours[name], ground).Should().BeGreaterThanOrEqualTo(EntityTheme.MinimumContrast, "{0} is on the page", name);
            }
            EntityTheme.Contrast(colours["primary-tint"], "#17324d").Should().BeGreaterThanOrEqualTo(EntityTheme.MinimumContrast);
        });

    [TestCase("#7a1f1f", "#7a1f1f")]
    [TestCase("#000000", "#000000")]
    [TestCase("not a colour", "#0066cc")]
    [TestCase("#12345", "#0066cc")]
    [TestCase("#;}*{x:", "#0066cc")]
    public void A_readable_colour_stays_and_a_malformed_one_becomes_blue(string colour, string expected) => EntityTheme.Readable(colour).Should().Be(expected);

    [TestCase("#ffffff", "#000000", 21)]
    [TestCase("#777777", "#ffffff", 4.48)]
    public void Contrast_is_that_of_the_guidelines(string first, string second, double expected) =>
        EntityTheme.Contrast(first, second).Should().BeApproximately(expected, 0.005);

    [Test]
    public void The_address_changes_with_the_colour() =>
        EntityTheme.Path(SamplePages.Marzabotto).Should().NotBe(EntityTheme.Path(SamplePages.Marzabotto with { Colour = "#005500" }))
            .And.StartWith("/marzabotto/tema.css?v=");
}
