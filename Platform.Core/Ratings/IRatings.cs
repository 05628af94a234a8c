namespace Platform.Core.Ratings;

/// <summary>Lets who has used a service say how easy it was: one to five stars, a reason, a few words (criterion C.SE.1.7 of the conformity model). Ask for it in a constructor of a page.</summary>
public interface IRatings
{
    /// <summary>What <c>RateService</c> asks at the end of a service. Writes nothing: a rating comes to be when somebody chooses stars.</summary>
    /// <param name="thing">What has just been done, by a key of the service: an order, a request's number. One thing has one rating; who rates it again changes that. Only a digest of it is kept.</param>
    RatingQuestion About(string thing);
}

/// <summary>A question that may be answered for 30 days.</summary>
public sealed class RatingQuestion
{
    internal RatingQuestion(string token) => Token = token;

    internal string Token { get; }
}
