using MimeKit;
using Platform.Testing;

namespace Platform.Payments.Tests.Receipts;

/// <summary>The receipt goes to the payer who left his e-mail address, once.</summary>
public sealed class ReceiptLetterTests
{
    [Test]
    public async Task Who_left_an_address_gets_the_receipt_once_in_the_name_of_his_municipality()
    {
        await using var host = await PorticoTestHost.Start();
        using var till = new Till(host);
        var fine = await host.LoadFine();
        using var citizen = host.NewCitizen();
        await citizen.FindFine("bentivoglio", fine);
        await citizen.Send(("payer_email", "chi.paga@esempio.it"));
        await citizen.Press("azione", "paga");
        await host.After(TimeSpan.FromMinutes(3));
        await host.After(TimeSpan.FromMinutes(10));

        using var letter = await MimeMessage.LoadAsync(Letters(host).Should().ContainSingle().Subject);
        letter.To.ToString().Should().Be("chi.paga@esempio.it");
        letter.From.Mailboxes.Single().Name.Should().Contain("Bentivoglio");
        letter.Subject.Should().StartWith("Quietanza 1/2026").And.Contain(fine.Number);
        letter.TextBody.Should().Contain("31,40").And.Contain("Unione Reno Galliera").And.Contain("/verifica/URG-");
        var pdf = letter.Attachments.OfType<MimePart>().Should().ContainSingle().Subject;
        pdf.FileName.Should().Be("quietanza-1-2026.pdf");
        using var bytes = new MemoryStream();
        await pdf.Content!.DecodeToAsync(bytes);
        bytes.ToArray().Should().Equal(await host.Database.Value<byte[]>("select pdf from payments.receipt"));
        (await host.Database.Value<long>("select count(*) from core.mail where state = 'sent'")).Should().Be(1);
    }

    [Test]
    public async Task Who_left_none_gets_none()
    {
        await using var host = await PorticoTestHost.Start();
        using var till = new Till(host);

        await till.Paid();

        (await host.Database.Value<long>("select count(*) from payments.receipt")).Should().Be(1);
        Letters(host).Should().BeEmpty();
    }

    static string[] Letters(PorticoTestHost host)
    {
        var folder = Path.Combine(host.DataFolder, "mail");
        return Directory.Exists(folder) ? Directory.GetFiles(folder) : [];
    }
}
