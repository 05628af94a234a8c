namespace PagOnLine.Emulator;

/// <summary>What the buyer's browser carries back to the shop.</summary>
/// <param name="Target">The shop's address; with GET, without its query, which then travels in the fields.</param>
internal sealed record BrowserReturn(string Method, string Target, IReadOnlyList<Field> Fields, bool Succeeded, ReturnLie Lie)
{
    public static BrowserReturn Of(Order order, Lie lie, Merchant merchant, BankClock clock)
    {
        var lies = lie.Return ?? new ReturnLie();
        var success = (order.Outcome == Outcome.Taken) != lies.FlipEsito;
        List<Field> signed =
        [
            new("numeroOrdine", order.Number),
            new("numeroCommerciante", merchant.Number),
            new("stabilimento", merchant.Shop),
            new("esito", success ? lie.Esito ?? "OK" : "KO"),
        ];
        if (success)
        {
            signed.Add(new Field("dataApprovazione", clock.Text(order.ApprovedAt ?? order.ModifiedAt, "dd.MM.yyyy")));
        }

        Field[] fields = [.. signed, new Field("mac", Mac.Of(Wire.Plain(signed) + (lies.Forge ? "0" : ""), merchant.Secret))];
        var target = success ? order.UrlOk : order.UrlKo;
        if (lies.Method != "GET")
        {
            return new BrowserReturn("POST", target, fields, success, lies);
        }

        // A form sent by GET replaces the query of its target: the shop's own parameters must ride along as fields.
        var address = new Uri(target);
        return new BrowserReturn("GET", address.GetLeftPart(UriPartial.Path), [.. Wire.Decode(address.Query), .. fields], success, lies);
    }
}
