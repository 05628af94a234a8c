using System.Globalization;

namespace PagOnLine.Emulator;

internal sealed record Delivered(int? Status, string? Location, string? Failure);

/// <summary>Carries a return to the shop as a browser would, without following where the shop sends the browser next.</summary>
internal sealed class Delivery(HttpClient http, Bank bank, BankClock clock)
{
    public async Task<IReadOnlyList<Delivered>> Deliver(Order order, BrowserReturn back, CancellationToken stop)
    {
        await Task.Delay(TimeSpan.FromMilliseconds(back.Lie.DelayMs), clock.Time, stop);
        var answers = new List<Delivered>();
        for (var time = 0; time <= back.Lie.Repeat; time++)
        {
            var answer = await Once(back, stop);
            bank.Note("return-delivered", order.Number, order.State, ("answer", answer.Failure ?? answer.Status!.Value.ToString(CultureInfo.InvariantCulture)));
            answers.Add(answer);
        }

        return answers;
    }

    private async Task<Delivered> Once(BrowserReturn back, CancellationToken stop)
    {
        using var request = back.Method == "GET"
            ? new HttpRequestMessage(HttpMethod.Get, back.Target + "?" + Wire.Encode(back.Fields))
            : new HttpRequestMessage(HttpMethod.Post, back.Target)
            {
                Content = new StringContent(Wire.Encode(back.Fields), new System.Net.Http.Headers.MediaTypeHeaderValue("application/x-www-form-urlencoded")),
            };
        try
        {
            using var response = await http.SendAsync(request, stop);
            return new Delivered((int)response.StatusCode, response.Headers.Location?.OriginalString, Failure: null);
        }
        catch (HttpRequestException failure)
        {
            return new Delivered(Status: null, Location: null, failure.HttpRequestError.ToString());
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            return new Delivered(Status: null, Location: null, "no answer in time");
        }
    }
}
