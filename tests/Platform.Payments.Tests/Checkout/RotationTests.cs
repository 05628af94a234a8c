using Autofac;
using Platform.Core.Hosting;
using Platform.Testing;

namespace Platform.Payments.Tests.Checkout;

/// <summary>While a bank's secret is changed two are believed: what was signed yesterday comes today.</summary>
public sealed class RotationTests
{
    const string Old = "a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0";

    [TestCase(true, "paid")]
    [TestCase(false, "prepared")]
    public async Task A_notification_signed_with_the_old_secret_is_taken_during_the_change_and_refused_after(bool during, string state)
    {
        await using var host = await PorticoTestHost.Start(secrets: during ? Previous(Old) : null);
        using var till = new Till(host);
        var payment = await till.Start();
        using var answer = await till.Get($"{Till.Listener}?{BankPen.Listener(payment.Order, "OK", key: Old)}");
        await host.Quiet();
        (await till.StateOf(payment)).Should().Be(state);
        (await host.Database.Value<string>("select verdict from payments.fact where order_no = @Order and channel = 'listener'", new { payment.Order })).Should().Be(during ? "genuine" : "forged");
    }

    [Test]
    public async Task The_new_secret_signs_and_verifies_and_a_strangers_does_neither()
    {
        await using var host = await PorticoTestHost.Start(secrets: Previous(Old));
        using var till = new Till(host);
        var paid = await till.Paid();
        (await till.StateOf(paid)).Should().Be("paid", "the bank, which knows only the new one, took the order");
        var other = await till.Start();
        using var answer = await till.Get($"{Till.Listener}?{BankPen.Listener(other.Order, "OK", key: "c0c0c0")}");
        (await till.StateOf(other)).Should().NotBe("paid");
    }

    [Test]
    public async Task Production_does_not_go_on_believing_a_published_secret()
    {
        await using var host = await PorticoTestHost.Start(profile: Profile.Production, secrets:
            [new("Secrets:real:key", "a key nobody published"), new("Secrets:real:password", "x"), new("Secrets:real:previous:key", BankPen.Key)],
            container: builder => builder.RegisterInstance(new MisbehavingOwner()).Keyed<IPositionOwner>("fines"));
        using var till = new Till(host);
        await host.SaveAgreement(Guid.NewGuid(), "MZB", "real");
        (await till.Checkout(Guid.CreateVersion7(), [await till.Open("X/1", "MZB", "MZB")], "MZB", "MZB")).Refusal!.Code.Should().Be(CheckoutRefusals.NoAgreement);
    }

    static KeyValuePair<string, string?>[] Previous(string key) => [new("Secrets:test:previous:key", key)];
}
