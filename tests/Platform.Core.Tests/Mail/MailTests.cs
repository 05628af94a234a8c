using Autofac;
using MimeKit;
using Platform.Core.Mail;
using Platform.Core.Pages;
using Platform.Core.Storage;
using Platform.Testing;

namespace Platform.Core.Tests.Mail;

/// <summary>Letters by e-mail: from a service's transaction to a mail server of its own process, or to the pick-up folder.</summary>
public sealed class MailTests
{
    static readonly string Plugins = Path.Combine(TestCluster.Artifacts, "test-plugins");

    [Test]
    public async Task A_letter_leaves_with_its_transaction_in_the_name_of_the_municipality()
    {
        await using var server = await TestMailServer.Start();
        await using var host = await HostWith(server);

        await Write(host, Greeting("1") with { Files = [new("quietanza.pdf", "application/pdf", "%PDF-1.7"u8.ToArray())] }, creditor: "URG", shownBy: "BEN");
        await host.Quiet();

        var letter = (await server.Letters()).Should().ContainSingle().Subject;
        letter.Subject.Should().Be("Saluti a Ada");
        letter.From.Mailboxes.Should().ContainSingle().Which.Should().Match<MailboxAddress>(from => from.Address == "servizi@provincia.example" && from.Name!.Contains("Bentivoglio"));
        letter.To.ToString().Should().Be("ada@posta.example");
        letter.Headers["Auto-Submitted"].Should().Be("auto-generated");
        letter.TextBody!.ReplaceLineEndings("\n").Should().StartWith("Gentile Ada,\n\nil tuo importo è 12,50 €. Vedi https://comune.example/x.\n\nGrazie.").And.Contain("per conto di");
        letter.HtmlBody.Should().Contain("<a href=\"https://comune.example/x\">https://comune.example/x</a>.");
        letter.Attachments.Should().ContainSingle().Which.ContentDisposition!.FileName.Should().Be("quietanza.pdf");
        (await host.Database.Value<int>("select count(*)::int from core.mail_file")).Should().Be(0, "a file goes when its letter is sent");
        (await host.Portico("mail", "list", "--entity", "URG")).Output.Should().Contain("probe\tgreeting\tsent\t1 tries").And.Contain("1 letters.");
    }

    [Test]
    public async Task A_letter_of_a_transaction_that_fails_never_was()
    {
        await using var server = await TestMailServer.Start();
        await using var host = await HostWith(server);

        await host.Awaiting(broken => Write(broken, Greeting("1"), then: () => throw new InvalidDataException())).Should().ThrowAsync<InvalidDataException>();
        await host.Quiet();

        (await server.Letters()).Should().BeEmpty();
        (await host.Database.Value<int>("select count(*)::int from core.mail")).Should().Be(0);
    }

    [Test]
    public async Task Asked_for_twice_under_one_key_it_is_one_letter()
    {
        await using var server = await TestMailServer.Start();
        await using var host = await HostWith(server);

        await Write(host, Greeting("1"));
        await host.Quiet();
        await Write(host, Greeting("1") with { To = "altra@posta.example" });
        await Write(host, Greeting("2"));
        await Write(host, Greeting("1"), creditor: "VRG");
        await host.Quiet();

        (await server.Letters()).Select(letter => letter.To.ToString()).Should().Equal(Enumerable.Repeat("ada@posta.example", 3), "another key is another letter, and so is another creditor's");
    }

    [Test]
    public async Task What_a_server_does_not_take_now_is_tried_again_for_three_days_and_then_given_up()
    {
        await using var server = await TestMailServer.Start();
        await using var host = await HostWith(server);
        await server.Behave(recipient: 450);

        await Write(host, Greeting("1"));
        await host.Quiet();
        foreach (var minutes in MailSender.BackOff)
        {
            (await StateOf(host)).Should().StartWith("due 450");
            await host.After(TimeSpan.FromMinutes(minutes));
        }

        (await StateOf(host)).Should().Be("given_up 450 RecipientNotAccepted");
        MailSender.BackOff.Sum().Should().BeInRange(3 * 1440 - 300, 3 * 1440 + 300);
        await server.Behave();
        (await host.Portico("mail", "again", "MZB", await IdOf(host))).Code.Should().Be(0);
        await host.Quiet();
        (await server.Letters()).Should().ContainSingle();
        (await StateOf(host)).Should().Be("sent ");
    }

    [Test]
    public async Task What_a_server_refuses_for_good_is_not_tried_again_and_is_seen()
    {
        await using var server = await TestMailServer.Start();
        await using var host = await HostWith(server);
        await server.Behave(recipient: 550);

        await Write(host, Greeting("1"));
        await host.After(TimeSpan.FromDays(1));

        (await host.Portico("mail", "list", "--state", "refused")).Output.Should().Contain("refused\t1 tries\t550 RecipientNotAccepted");
    }

    [Test]
    public async Task When_the_answer_of_the_server_is_lost_the_second_copy_has_the_same_message_id()
    {
        await using var server = await TestMailServer.Start();
        await using var host = await HostWith(server);
        await server.Behave(loseAnswer: true);

        await Write(host, Greeting("1"));
        await host.Quiet();
        await server.Behave();
        await host.After(TimeSpan.FromMinutes(1));

        var letters = await server.Letters();
        letters.Should().HaveCount(2, "whether it was taken cannot be known, so that it is sent once more");
        letters[1].MessageId.Should().Be(letters[0].MessageId);
        (await StateOf(host)).Should().Be("sent ");
    }

    [Test]
    public async Task While_no_server_is_there_letters_wait_and_the_next_are_not_even_tried()
    {
        await using var server = await TestMailServer.Start();
        await using var host = await HostWith(server);
        await server.Behave(greeting: 421);

        foreach (var key in (string[])["1", "2", "3"])
            await Write(host, Greeting(key));
        await host.Quiet();
        (await host.Database.Rows<int>("select tries::int from core.mail order by tries desc")).Should().Equal(1, 0, 0);
        await server.Behave();
        await host.After(TimeSpan.FromMinutes(2));

        (await server.Letters()).Should().HaveCount(3);
    }

    [Test]
    public async Task A_server_without_encryption_gets_nothing_when_encryption_is_asked_for()
    {
        await using var server = await TestMailServer.Start();
        await using var host = await HostWith(server, server.Options with { Security = MailSecurity.StartTls });

        await Write(host, Greeting("1"));
        await host.Quiet();

        (await server.Letters()).Should().BeEmpty();
        (await StateOf(host)).Should().Be("due NotSupportedException");
    }

    [Test]
    public async Task Two_hosts_send_each_letter_once()
    {
        await using var server = await TestMailServer.Start();
        await using var one = await HostWith(server);
        await using var two = await one.Another(container => container.RegisterInstance(server.Options));

        for (var n = 0; n < 30; n++)
            await Write(one, Greeting($"{n}"));
        await Task.WhenAll(one.Quiet(), two.Quiet());

        (await server.Letters()).Select(letter => letter.MessageId).Should().HaveCount(30).And.OnlyHaveUniqueItems();
    }

    [TestCase("ada@posta.example\r\nBcc: altri@posta.example", TestName = "A_recipient_with_a_line_break_is_refused")]
    [TestCase("ada@posta.example, eva@posta.example", TestName = "Two_recipients_are_refused")]
    [TestCase("Ada <ada@posta.example>", TestName = "A_recipient_with_a_name_is_refused")]
    [TestCase("ada", TestName = "A_recipient_without_a_domain_is_refused")]
    [TestCase("", TestName = "No_recipient_is_refused")]
    public async Task What_is_no_address_is_kept_as_refused_and_harms_nothing(string to)
    {
        await using var server = await TestMailServer.Start();
        await using var host = await HostWith(server);

        await Write(host, Greeting("1") with { To = to });
        await Write(host, Greeting("2"));
        await host.Quiet();

        (await server.Letters()).Should().ContainSingle();
        (await host.Database.Rows<string>("select state || ' ' || error from core.mail where letter_key = '1'")).Should().Equal("refused no address");
    }

    [Test]
    public async Task Values_become_words_and_nothing_else()
    {
        await using var server = await TestMailServer.Start();
        await using var host = await HostWith(server);
        const string hostile = "Ada\r\nBcc: altri@posta.example\r\n\r\n<script>alert(1)</script>{amount}";

        await Write(host, Greeting("1", hostile));
        await host.Quiet();

        var letter = (await server.Letters()).Should().ContainSingle().Subject;
        letter.Bcc.Count.Should().Be(0);
        letter.To.Count.Should().Be(1);
        letter.Subject.Should().Be("Saluti a Ada Bcc: altri@posta.example <script>alert(1)</script>{amount}");
        letter.HtmlBody.Should().Contain("&lt;script&gt;").And.NotContain("<script>");
    }

    [Test]
    public async Task Without_a_server_a_letter_is_a_file_in_the_pick_up_folder()
    {
        await using var host = await PorticoTestHost.Start(Plugins);

        await Write(host, Greeting("1"));
        await host.Quiet();

        var file = Directory.GetFiles(Path.Combine(host.DataFolder, "mail")).Should().ContainSingle().Subject;
        file.Should().EndWith(".eml");
        using var letter = await MimeMessage.LoadAsync(file);
        letter.Subject.Should().Be("Saluti a Ada");
        letter.MessageId.Should().StartWith("MZB.");
        File.GetUnixFileMode(Path.GetDirectoryName(file)!).Should().Be(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, "letters are for their reader only");
    }

    [Test]
    public async Task An_entity_chooses_its_own_words_and_takes_them_back()
    {
        await using var server = await TestMailServer.Start();
        await using var host = await HostWith(server);
        var file = Path.Combine(host.DataFolder, "parole.txt");
        await File.WriteAllTextAsync(file, "Un saluto da Marzabotto\n\nCara cittadina {name}, buongiorno.");

        (await host.Portico("mail", "words", "MZB", "probe", "greeting", "it", file)).Code.Should().Be(0);
        await Write(host, Greeting("1"));
        await Write(host, Greeting("2") with { Language = PageCultures.English });
        await Write(host, Greeting("3"), creditor: "VRG");
        (await host.Portico("mail", "words", "MZB", "probe", "greeting", "it", "--remove")).Code.Should().Be(0);
        await Write(host, Greeting("4"));
        await host.Quiet();

        (await server.Letters()).Select(letter => letter.Subject).Should().BeEquivalentTo("Un saluto da Marzabotto", "Greetings to Ada", "Saluti a Ada", "Saluti a Ada");
        await File.WriteAllTextAsync(file, "Oggetto\n\nScade il {dueOn}.");
        (await host.Portico("mail", "words", "MZB", "probe", "greeting", "it", file)).Should()
            .Match<Told>(told => told.Code == 1 && told.Errors.Contains("Nobody gives {dueOn}. There are: {name}, {amount}, {link}."));
        (await host.Portico("mail", "words", "MZB", "probe", "nothing", "it")).Errors.Should().Contain("probe has no letter \"nothing\"");
    }

    [Test]
    public async Task A_bounce_is_noted_at_its_letter_and_one_that_is_no_report_of_ours_changes_nothing()
    {
        await using var server = await TestMailServer.Start();
        await using var host = await HostWith(server);
        await Write(host, Greeting("1"));
        await host.Quiet();
        var id = (await server.Letters())[0].MessageId!;

        (await Bounce(id.Replace("MZB", "VRG", StringComparison.Ordinal))).Errors.Should().Contain("has sent no letter");
        (await Bounce("MZB.00000000000000000000000000000000@provincia.example")).Errors.Should().Contain("has sent no letter");
        (await Bounce("' or true --")).Errors.Should().Contain("does not say which letter");
        (await Bounce(id, "delayed")).Output.Should().Contain("Nothing to note");
        (await StateOf(host)).Should().Be("sent ");
        (await Bounce(id)).Output.Should().Contain("has bounced (5.1.1)");

        (await StateOf(host)).Should().Be("bounced bounced 5.1.1");
        (await Bounce(id)).Errors.Should().Contain("is noted already");

        async Task<Told> Bounce(string messageId, string action = "failed")
        {
            var file = Path.Combine(host.DataFolder, "bounce.eml");
            await File.WriteAllTextAsync(
                file,
                $"""
                From: mailer-daemon@posta.example
                To: servizi@provincia.example
                Subject: Undelivered
                MIME-Version: 1.0
                Content-Type: multipart/report; report-type=delivery-status; boundary="b"

                --b
                Content-Type: text/plain

                Sorry.
                --b
                Content-Type: message/delivery-status

                Reporting-MTA: dns; posta.example

                Final-Recipient: rfc822; ada@posta.example
                Action: {action}
                Status: 5.1.1

                --b
                Content-Type: text/rfc822-headers

                Subject: Saluti
                Message-ID: <{messageId}>

                --b--

                """.ReplaceLineEndings("\r\n"));
            return await host.Portico("mail", "bounce", file);
        }
    }

    [Test]
    public async Task Thirty_days_after_it_ended_a_letter_has_no_recipient_and_no_words()
    {
        await using var server = await TestMailServer.Start();
        await using var host = await HostWith(server);
        await server.Behave(recipient: 550);
        await Write(host, Greeting("1") with { Files = [new("a.pdf", "application/pdf", [1])] });
        await host.Quiet();

        await host.After(TimeSpan.FromDays(29));
        (await host.Database.Value<int>("select count(*)::int from core.mail where recipient is not null")).Should().Be(1);
        await host.After(TimeSpan.FromDays(2));

        (await host.Database.Value<int>("select count(*)::int from core.mail where recipient is null and subject is null and body is null")).Should().Be(1);
        (await host.Database.Value<int>("select count(*)::int from core.mail_file")).Should().Be(0);
        (await host.Portico("mail", "again", "MZB", await IdOf(host))).Should().Match<Told>(told => told.Code == 1 && told.Errors.Contains("emptied"));
    }

    [Test]
    public async Task A_letter_whose_words_ask_for_more_than_is_given_is_refused_at_once()
    {
        await using var host = await PorticoTestHost.Start(Plugins);

        await host.Awaiting(service => Write(service, Greeting("1") with { Values = new Dictionary<string, string>(StringComparer.Ordinal) })).Should().ThrowAsync<FormatException>().WithMessage("*{name}*");
        await host.Awaiting(service => Write(service, Greeting("1") with { Template = "nothing" })).Should().ThrowAsync<FormatException>().WithMessage("*no letter \"nothing\"*");
    }

    static Task<PorticoTestHost> HostWith(TestMailServer server, MailOptions? options = null) =>
        PorticoTestHost.Start(Plugins, container: container => container.RegisterInstance(options ?? server.Options));

    static Letter Greeting(string key, string name = "Ada") => new(
        key, "ada@posta.example", "greeting", PageCultures.Italian,
        new Dictionary<string, string>(StringComparer.Ordinal) { ["name"] = name, ["amount"] = "12,50 €", ["link"] = "https://comune.example/x" });

    static Task<bool> Write(PorticoTestHost host, Letter letter, string creditor = "MZB", string? shownBy = null, Action? then = null) => host.As(
        "probe", creditor, shownBy ?? creditor,
        scope => scope.Resolve<ISessions>().Run(
            async session =>
            {
                await scope.Resolve<IMail>().Send(session, letter with { ShownBy = scope.Resolve<Platform.Core.Commands.CallContext>().ShownBy });
                then?.Invoke();
                return true;
            },
            CancellationToken.None));

    static async Task<string> StateOf(PorticoTestHost host) => (await host.Database.Rows<string>("select state || ' ' || coalesce(error, '') from core.mail"))[0];

    static async Task<string> IdOf(PorticoTestHost host) => (await host.Database.Rows<string>("select mail_id::text from core.mail"))[0];
}
