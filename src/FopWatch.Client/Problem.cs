namespace FopWatch.Client;

/// <summary>One error in a request.</summary>
public sealed record ProblemElement
{
    /// <summary>The location: a JSON pointer into the body, or the name of a parameter or setting.</summary>
    public required string Element { get; init => field = Given.NotNull(value); }

    /// <summary>What is wrong, and what would be right.</summary>
    public required string Detail { get; init => field = Given.NotNull(value); }
}

/// <summary>An error from FopWatch, as RFC 9457 problem details.</summary>
public sealed record Problem
{
    /// <summary>The media type.</summary>
    public const string ContentType = "application/problem+json";

    /// <summary>
    /// The kind of problem: a stable URN such as <c>urn:fopwatch:problem:invalid-request</c>; <c>about:blank</c> if <see cref="Status"/>
    /// says everything.
    /// </summary>
    public required string Type { get; init => field = Given.NotNull(value); }

    /// <summary>The kind of problem in words.</summary>
    public required string Title { get; init => field = Given.NotNull(value); }

    /// <summary>The HTTP status.</summary>
    public required int Status { get; init; }

    /// <summary>What is wrong with this request.</summary>
    public string? Detail { get; init; }

    /// <summary>The errors, if there are several, or if one concerns a single parameter.</summary>
    public IReadOnlyList<ProblemElement>? Errors { get; init => field = value is null ? null : Given.Whole(value); }

    /// <summary>The problem in a sentence or more, with each of <see cref="Errors"/>, up to ten.</summary>
    public string ToWords()
    {
        const int Most = 10;
        var words = Detail is null ? Title : $"{Title} {Detail}";
        foreach (var error in (Errors ?? []).Take(Most))
            words += error.Element.Length == 0 ? $" {error.Detail}" : $" {error.Element}: {error.Detail}";
        return Errors?.Count > Most ? $"{words} … and {Errors.Count - Most} more." : words;
    }
}
