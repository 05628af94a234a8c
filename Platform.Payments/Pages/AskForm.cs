using System.Security.Cryptography;
using System.Text;
using Platform.Core.Money;
using Platform.Core.Pages;
using Platform.Payments.Checkout;

namespace Platform.Payments.Pages;

/// <summary>What somebody says of a payment to prove that it is his.</summary>
internal sealed record AskedPayment(string CreditorCode, string Order, string? Email, Euro? Amount);

/// <summary>The form of "I paid and nothing happened".</summary>
internal static class AskForm
{
    public const string Order = "ordine";
    public const string Email = "email";
    public const string Amount = "importo";

    /// <summary>What is asked, or null after every error was told on <paramref name="form"/>.</summary>
    public static AskedPayment? Read(FormState form, Texts t)
    {
        var order = string.Concat(form[Order].Where(letter => !char.IsWhiteSpace(letter))).ToUpperInvariant();
        var code = OrderNumber.EntityOf(order);
        if (code is null)
            form.AddError(Order, t[form.IsEmpty(Order) ? "ask.order.missing" : "ask.order.wrong"]);
        if (form.IsEmpty(Email) && form.IsEmpty(Amount))
            form.AddError(Email, t["ask.proof.missing"]);
        if (!form.IsEmpty(Email) && !PayerEmail.IsOne(form[Email]))
            form.AddError(Email, t["pay.email.wrong"]);
        if (!form.IsEmpty(Amount) && form.Amount(Amount) is null)
            form.AddError(Amount, t["ask.amount.wrong"]);
        return form.IsValid ? new(code!, order, form.IsEmpty(Email) ? null : form[Email], form.Amount(Amount)) : null;
    }

    /// <summary>Who left his e-mail proves himself by it; who left none, by the exact amount. In a time that does not depend on where they differ.</summary>
    public static bool Proves(AskedPayment asked, string? email, Euro amount)
    {
        var byEmail = CryptographicOperations.FixedTimeEquals(Digest(PayerEmail.Plain(asked.Email ?? "")), Digest(PayerEmail.Plain(email ?? ""))) & asked.Email is not null;
        var byAmount = asked.Amount == amount;
        return email is null ? byAmount : byEmail;
    }

    static byte[] Digest(string text) => SHA256.HashData(Encoding.UTF8.GetBytes(text));
}
