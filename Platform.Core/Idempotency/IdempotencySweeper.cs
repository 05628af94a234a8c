using Microsoft.Extensions.Logging;
using Platform.Core.Hosting;
using Platform.Core.Storage;

namespace Platform.Core.Idempotency;

/// <summary>Forgets answers that have been kept long enough.</summary>
internal sealed class IdempotencySweeper(Database database, TimeProvider clock, ILogger<IdempotencySweeper> log) : ExpirySweeper(database, clock, log)
{
    protected override string Name => "idempotency";

    protected override string Entities => "select distinct entity_id from core.idempotency where expires_at <= @old and (status is not null or leased_until <= @old)";

    protected override string Forget => "delete from core.idempotency where entity_id = @entity and expires_at <= @old and (status is not null or leased_until <= @old)";
}
