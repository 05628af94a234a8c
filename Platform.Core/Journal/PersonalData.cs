using System.Security.Cryptography;
using System.Text.Json;
using Platform.Core.Events;

namespace Platform.Core.Journal;

/// <summary>What a line of the journal says about a person. The journal keeps a digest of it and never the data themselves.</summary>
/// <param name="Subject">The person's number in the module that keeps their data, within the creditor. All digests of one subject share a salt.</param>
/// <param name="Data">Plain data, serialised as JSON. Who has it, and the salt, can show that the line spoke of it.</param>
/// <remarks>
/// The digest is HMAC-SHA-256 under a random salt of that subject at that creditor. <see cref="Storage.IEntitySession.ForgetPerson"/> deletes the salt:
/// the digest then says nothing about anybody, and the chain still verifies.
/// </remarks>
public sealed record PersonalData(Guid Subject, object Data);

internal static class PersonalDigest
{
    public const int SaltBytes = 32;

    public static string Text(PersonalData personal) => JsonSerializer.Serialize(personal.Data, personal.Data.GetType(), EventCatalog.Json);

    public static byte[] Of(byte[] salt, string json) => HMACSHA256.HashData(salt, CanonicalJson.Of(json));
}
