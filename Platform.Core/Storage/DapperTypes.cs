using System.Data;
using Dapper;
using Npgsql;
using NpgsqlTypes;
using Platform.Core.Entities;
using Platform.Core.Money;

namespace Platform.Core.Storage;

/// <summary>How the platform's value types travel to and from PostgreSQL. Dapper's map is global, so Core alone writes to it.</summary>
internal static class DapperTypes
{
    static readonly Lock Once = new();
    static bool _done;

    public static void Register()
    {
        lock (Once)
        {
            if (_done)
                return;
            SqlMapper.RemoveTypeMap(typeof(DateTimeOffset));
            SqlMapper.RemoveTypeMap(typeof(DateTimeOffset?));
            SqlMapper.RemoveTypeMap(typeof(DateOnly));
            SqlMapper.RemoveTypeMap(typeof(DateOnly?));
            SqlMapper.AddTypeHandler(new InstantHandler());
            SqlMapper.AddTypeHandler(new DayHandler());
            SqlMapper.AddTypeHandler(new EuroHandler());
            SqlMapper.AddTypeHandler(new EntityIdHandler());
            DefaultTypeMap.MatchNamesWithUnderscores = true;
            _done = true;
        }
    }

    sealed class InstantHandler : SqlMapper.TypeHandler<DateTimeOffset>
    {
        public override DateTimeOffset Parse(object value) => value switch
        {
            DateTime instant => new DateTimeOffset(DateTime.SpecifyKind(instant, DateTimeKind.Utc)),
            DateTimeOffset instant => instant,
            _ => throw new DataException($"No instant: {value.GetType()}."),
        };

        public override void SetValue(IDbDataParameter parameter, DateTimeOffset value)
        {
            ((NpgsqlParameter)parameter).NpgsqlDbType = NpgsqlDbType.TimestampTz;
            parameter.Value = value.UtcDateTime;
        }
    }

    sealed class DayHandler : SqlMapper.TypeHandler<DateOnly>
    {
        public override DateOnly Parse(object value) => value switch
        {
            DateOnly day => day,
            DateTime day => DateOnly.FromDateTime(day),
            _ => throw new DataException($"No day: {value.GetType()}."),
        };

        public override void SetValue(IDbDataParameter parameter, DateOnly value)
        {
            ((NpgsqlParameter)parameter).NpgsqlDbType = NpgsqlDbType.Date;
            parameter.Value = value;
        }
    }

    sealed class EuroHandler : SqlMapper.TypeHandler<Euro>
    {
        public override Euro Parse(object value) => new(Convert.ToInt64(value, System.Globalization.CultureInfo.InvariantCulture));

        public override void SetValue(IDbDataParameter parameter, Euro value)
        {
            parameter.DbType = DbType.Int64;
            parameter.Value = value.Cents;
        }
    }

    sealed class EntityIdHandler : SqlMapper.TypeHandler<EntityId>
    {
        public override EntityId Parse(object value) => new((int)value);

        public override void SetValue(IDbDataParameter parameter, EntityId value)
        {
            parameter.DbType = DbType.Int32;
            parameter.Value = value.Value;
        }
    }
}
