using System.Text.Json;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;
using Platform.Core.Entities;
using Platform.Core.Hosting;
using Platform.Core.Pages;
using Platform.Core.Storage;
using Platform.Core.Time;
using Platform.Payments.Gateways;

namespace Platform.Payments.Checkout;

/// <summary>An agreement with the gateway that serves it.</summary>
/// <param name="Previous">The same terms with the secrets that were in force before, as long as both are: what is signed with them is still believed.</param>
internal sealed record BankTerms(Guid Id, EntityId Owner, IPaymentGateway Gateway, AgreementTerms Terms, AgreementTerms? Previous, Commission Commission)
{
    /// <summary>What a message says, verified by the secrets in force or, while they are being changed, by those before.</summary>
    public GatewayFact Read(GatewayMessage message)
    {
        var fact = Gateway.Read(message, Terms);
        return fact is { Genuine: false } && Previous is not null && Gateway.Read(message, Previous) is { Genuine: true } before ? before : fact;
    }
}

/// <summary>
/// Bank contracts, with their secrets resolved from configuration: an agreement's <c>secret_ref</c> X reads <c>Secrets:X:password</c> and so on.
/// While they are changed, <c>Secrets:X:previous:password</c> and so on hold those before: the new ones sign, both verify.
/// The secret itself is never in the database. Read again every few seconds.
/// </summary>
internal sealed class Agreements(
    Database database, GatewayDirectory gateways, IConfiguration configuration, PorticoOptions options, TimeProvider clock, ILogger<Agreements> log)
    : IFormTargets, IDisposable
{
    const long FreshForMilliseconds = 5000;

    readonly SemaphoreSlim _reading = new(1, 1);
    IReadOnlyList<Row>? _rows;
    long _readAt;

    /// <summary>The agreement to start a payment with on <paramref name="day"/>: the creditor's own before the service centre's; null when none is valid.</summary>
    public async ValueTask<BankTerms?> For(EntityId creditor, DateOnly day, CancellationToken stop) =>
        (await Current(stop))
            .Where(row => (row.OwnerEntity == creditor.Value || row.OwnerEntity == EntityId.Centre.Value) && row.ValidFrom <= day && (row.ValidUntil is not { } end || day < end))
            .OrderByDescending(row => row.OwnerEntity == creditor.Value).ThenByDescending(row => row.ValidFrom)
            // The first or none: what cannot be used is mended, not replaced by a contract that pays the money to somebody else.
            .FirstOrDefault()?.Terms;

    /// <summary>The agreement under which a payment was started, valid or not by now.</summary>
    public async ValueTask<BankTerms?> Find(Guid id, CancellationToken stop) =>
        (await Current(stop)).FirstOrDefault(row => row.AgreementId == id)?.Terms;

    /// <summary>The usable agreements with a gateway by which a message to <paramref name="creditor"/> may be verified: its own and the service centre's; those of all where it is unknown.</summary>
    public async ValueTask<IReadOnlyList<BankTerms>> Of(string gateway, EntityId? creditor, CancellationToken stop) =>
    [
        .. (await Current(stop)).Where(row => row.Gateway == gateway && (creditor is not { } one || row.OwnerEntity == one.Value || row.OwnerEntity == EntityId.Centre.Value))
            .Select(row => row.Terms).OfType<BankTerms>(),
    ];

    /// <summary>Who signed it, valid or usable or not; null when there is none.</summary>
    public async ValueTask<EntityId?> OwnerOf(Guid id, CancellationToken stop) =>
        (await Current(stop)).FirstOrDefault(row => row.AgreementId == id) is { } row ? new EntityId(row.OwnerEntity) : null;

    /// <summary>The bank accounts that agreements credit: their setting <c>iban</c>. Of one owner, or of all.</summary>
    public async ValueTask<IReadOnlyList<(Guid Agreement, EntityId Owner, string Iban)>> Accounts(EntityId? owner, CancellationToken stop) =>
    [
        .. (await Current(stop)).Where(row => owner is not { } one || row.OwnerEntity == one.Value)
            .Select(row => (row.AgreementId, new EntityId(row.OwnerEntity),
                row.SettingsJson.TryGetProperty("iban", out var iban) && iban.ValueKind == JsonValueKind.String ? iban.GetString()!.Replace(" ", "", StringComparison.Ordinal).ToUpperInvariant() : "")),
    ];

    public async ValueTask<IReadOnlyList<string>> Origins(CancellationToken stop)
    {
        var today = LegalTime.Day(clock.GetUtcNow());
        return
        [
            .. (await Current(stop)).Where(row => row.ValidFrom <= today && (row.ValidUntil is not { } end || today < end))
                .Select(row => row.Terms).OfType<BankTerms>().SelectMany(bank => bank.Gateway.Origins(bank.Terms)).Distinct(StringComparer.OrdinalIgnoreCase),
        ];
    }

    /// <summary>Writes an agreement down, or what changed of it.</summary>
    /// <param name="until">The first day on which it is valid no more; null while nobody knows. Payments that were started under it go on.</param>
    public async Task Save(
        Guid id, EntityId owner, string gateway, DateOnly from, string secretRef, JsonElement settings, CancellationToken stop, DateOnly? until = null, Commission? commission = null)
    {
        await database.Run(
            ModuleRoles.Of("payments"), null, "agreement", clock,
            session => session.Execute(
                """
                insert into payments.agreement (agreement_id, owner_entity, gateway, valid, commission, secret_ref, settings)
                values (@id, @owner, @gateway, daterange(@from, @until), @commission::jsonb, @secretRef, @settings::jsonb)
                on conflict (agreement_id) do update
                   set gateway = excluded.gateway, valid = excluded.valid, commission = excluded.commission, secret_ref = excluded.secret_ref, settings = excluded.settings
                """,
                new { id, owner, gateway, from, until, secretRef, settings = settings.GetRawText(), commission = JsonSerializer.Serialize(commission ?? Commission.None) }),
            stop);
        _rows = null;
    }

    /// <summary>Of each agreement how it stands: whose it is, when it is valid, whether secrets of before are still believed, and why it cannot be used here; null where it can.</summary>
    public async Task<IReadOnlyList<(Guid Id, EntityId Owner, DateOnly From, DateOnly? Until, bool Changing, string? Fault)>> Judge(CancellationToken stop) =>
        [.. from row in await Current(stop) let bank = row.Terms select (row.AgreementId, new EntityId(row.OwnerEntity), row.ValidFrom, row.ValidUntil, bank?.Previous is not null, row.Fault)];

    BankTerms? Resolve(Row row)
    {
        if (gateways.Find(row.Gateway) is not { } gateway)
            return Refuse(row, $"it names the gateway {row.Gateway}, which this host does not have.");
        var secrets = configuration.GetSection("Secrets").GetSection(row.SecretRef).GetChildren()
            .Where(child => child.Value is not null).ToDictionary(child => child.Key, child => child.Value!, StringComparer.OrdinalIgnoreCase);
        if (secrets.Count == 0)
            return Refuse(row, $"it has no secrets here: set PORTICO_Secrets__{row.SecretRef}__password and PORTICO_Secrets__{row.SecretRef}__key.");
        if (options.Profile == Profile.Production && secrets.Values.Any(PublishedSecrets.Contains))
            return Refuse(row, "it uses a published test secret, which production refuses: anybody could sign with it.");
        var previous = configuration.GetSection("Secrets").GetSection(row.SecretRef).GetSection("previous").GetChildren()
            .Where(child => child.Value is not null).ToDictionary(child => child.Key, child => child.Value!, StringComparer.OrdinalIgnoreCase);
        if (options.Profile == Profile.Production && previous.Values.Any(PublishedSecrets.Contains))
            return Refuse(row, "it still believes a published test secret, which production refuses: anybody could sign with it.");
        var before = previous.Count == 0 ? null : new AgreementTerms(
            row.AgreementId, row.SettingsJson, secrets.Concat(previous).GroupBy(secret => secret.Key, StringComparer.OrdinalIgnoreCase).ToDictionary(both => both.Key, both => both.Last().Value, StringComparer.OrdinalIgnoreCase));
        var bank = new BankTerms(
            row.AgreementId, new(row.OwnerEntity), gateway, new AgreementTerms(row.AgreementId, row.SettingsJson, secrets), before,
            JsonSerializer.Deserialize<Commission>(row.Commission) ?? Commission.None);
        try
        {
            // A trial order, sent nowhere: what the gateway misses is found before a citizen needs it.
            if (gateway is not IOpeningGateway)
                gateway.Prepare(new("000-0000000000000-0", new(1), new("https://portico.invalid/"), "it"), bank.Terms);
            _ = gateway.Origins(bank.Terms).Count();
            return bank;
        }
        catch (Exception wrong) when (wrong is InvalidOperationException or UriFormatException)
        {
            return Refuse(row, wrong.Message);
        }
    }

    BankTerms? Refuse(Row row, string fault)
    {
        row.Fault = fault;
        log.LogError("Agreement {Agreement} cannot be used: {Reason}", row.AgreementId, fault);
        return null;
    }

    async ValueTask<IReadOnlyList<Row>> Current(CancellationToken stop)
    {
        if (_rows is { } fresh && Environment.TickCount64 - _readAt < FreshForMilliseconds)
            return fresh;
        await _reading.WaitAsync(stop);
        try
        {
            if (_rows is null || Environment.TickCount64 - _readAt >= FreshForMilliseconds)
            {
                var rows = await database.Run(
                    ModuleRoles.Of("payments"), null, "payments", clock,
                    session => session.List<Row>(
                        """
                        select agreement_id, owner_entity, gateway, lower(valid) as valid_from, upper(valid) as valid_until, secret_ref, settings::text as settings, commission::text as commission
                          from payments.agreement
                        """),
                    stop);
                foreach (var row in rows)
                    row.Resolved = new(() => Resolve(row));
                _rows = rows;
                _readAt = Environment.TickCount64;
            }
            return _rows;
        }
        finally
        {
            _reading.Release();
        }
    }

    public void Dispose() => _reading.Dispose();

    sealed class Row
    {
        public Guid AgreementId { get; init; }
        public int OwnerEntity { get; init; }
        public string Gateway { get; init; } = "";
        public DateOnly ValidFrom { get; init; }
        public DateOnly? ValidUntil { get; init; }
        public string SecretRef { get; init; } = "";
        public string Settings { get; init; } = "{}";
        public string Commission { get; init; } = "{}";

        /// <summary>Null when it cannot be used here; the log says why. Only who wants to use it needs its secrets.</summary>
        public BankTerms? Terms => Resolved.Value;

        public Lazy<BankTerms?> Resolved { get; set; } = null!;

        public string? Fault { get; set; }

        public JsonElement SettingsJson => JsonDocument.Parse(Settings).RootElement;
    }
}
