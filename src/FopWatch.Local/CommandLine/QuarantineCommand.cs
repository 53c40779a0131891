using System.CommandLine;

namespace FopWatch.Local.CommandLine;

/// <summary><c>quarantine</c>: the notifications that a running host could not understand or verify.</summary>
internal static class QuarantineCommand
{
    private const string More = """
        The host keeps every notification and upload callback that it cannot understand, whose signature is invalid, or that is about a bucket or
        pipeline that the source does not list. Fix the cause, then retry it.

        Examples:
          $ fopwatch quarantine list --source media
          $ fopwatch quarantine show 20261122T031035410-f30dad4d8a01567943016654
          $ fopwatch quarantine retry --all --source media

        Exit codes:
          0  done
          1  some notifications do not exist or stay in quarantine
          2  wrong usage, not confirmed, or refused by the host
          3  the host cannot be reached
          5  the output cannot be written
        """;

    public static Command Create(Terminal terminal) => new ExplainedCommand("quarantine", "Lists, shows, retries and deletes quarantined notifications of a running host.", More)
    {
        QuarantineListCommand.Create(terminal),
        QuarantineShowCommand.Create(terminal),
        QuarantineRetryCommand.Create(terminal),
        QuarantineDeleteCommand.Create(terminal),
    };

    public static Option<string?> SourceOption(string description)
    {
        var option = new Option<string?>("--source") { Description = description, HelpName = "NAME" };
        option.Validators.Add(result =>
        {
            if (result.Tokens is [{ Value: var text }] && string.IsNullOrWhiteSpace(text))
                result.AddError("--source is empty. Leave it out for all sources.");
        });
        return option;
    }

    /// <summary>Checks that either keys or <c>--all</c> are given.</summary>
    /// <exception cref="UsageException">Both are, or neither.</exception>
    public static void Check(IReadOnlyCollection<string> keys, bool all, string? source)
    {
        if (keys.Count > 0 && (all || source is not null))
            throw new UsageException("KEY excludes --all and --source.");
        if (keys.Count == 0 && !all)
            throw new UsageException("Give KEY or --all.");
        if (keys.Any(string.IsNullOrWhiteSpace))
            throw new UsageException("KEY is empty.");
        if (keys.FirstOrDefault(key => key is "." or "..") is { } path)
            throw new UsageException($"KEY is '{path}'. Give a key that 'quarantine list' shows.");
    }
}
