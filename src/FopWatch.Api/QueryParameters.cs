using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.WebUtilities;

namespace FopWatch.Api;

/// <summary>
/// Checks that a query has only parameters of its endpoint's handler. Anything else in a query is refused: a filter with a typo would select everything, and a
/// bulk request would then act on everything.
/// </summary>
internal static class QueryParameters
{
    private const int MaxProblems = 20;
    private const int MaxShownName = 64;

    // What an unset variable in a script leaves of a filter must not select everything.
    private static readonly string[] Filters = ["source", "state", "watch", "overdue", "since", "until", "bucket", "key", "id", "ref"];

    /// <summary>Checks a request's query.</summary>
    /// <param name="request">The request.</param>
    /// <param name="parameters">What <see cref="Of"/> says of its endpoint.</param>
    /// <param name="hosts">Further parameters, which the host takes on every route, any number of times.</param>
    /// <param name="takesMetadata">Whether it takes parameters that begin with <see cref="JobFilters.MetadataPrefix"/>, too.</param>
    /// <returns>The answer 400 that names each wrong parameter; null if none is wrong.</returns>
    public static IResult? Check(HttpRequest request, IReadOnlyList<string> parameters, IReadOnlyList<string> hosts, bool takesMetadata = false)
    {
        if (!request.QueryString.HasValue)
            return null;

        var problems = new List<ProblemElement>();
        var given = new HashSet<string>(StringComparer.Ordinal);
        foreach (var pair in new QueryStringEnumerable(request.QueryString.Value))
        {
            var name = pair.DecodeName().ToString();
            if (hosts.Contains(name, StringComparer.OrdinalIgnoreCase))
                continue;

            // Names that differ in case alone are one parameter to whoever reads the query.
            var isNew = given.Add(name);
            var isMetadata = takesMetadata && name.Length > JobFilters.MetadataPrefix.Length && name.StartsWith(JobFilters.MetadataPrefix, StringComparison.Ordinal);
            if (!isMetadata && !parameters.Contains(name, StringComparer.Ordinal))
            {
                if (isNew)
                    problems.Add(new(Shown(name), $"Unknown parameter '{Shown(name)}'; {Instead(name, parameters)}"));
            }
            else if (!isNew)
            {
                problems.Add(new(Shown(name), $"The parameter '{Shown(name)}' is given more than once."));
            }
            else if (pair.EncodedValue.Length == 0 && (isMetadata || Filters.Contains(name, StringComparer.Ordinal)))
            {
                problems.Add(new(Shown(name), $"The parameter '{Shown(name)}' is empty. Leave it out to select everything."));
            }

            if (problems.Count == MaxProblems)
                break;
        }

        return problems.Count switch
        {
            0 => null,
            1 => Problem.Invalid(problems[0].Detail, problems),
            _ => Problem.Invalid("Several parameters are wrong.", problems),
        };
    }

    /// <summary>The parameters of a request's query. <see cref="HttpRequest.Query"/> makes one of those whose names differ in case alone, as those of metadata may.</summary>
    internal static List<KeyValuePair<string, string>> PairsOf(HttpRequest request)
    {
        var pairs = new List<KeyValuePair<string, string>>();
        foreach (var pair in new QueryStringEnumerable(request.QueryString.Value))
            pairs.Add(new(pair.DecodeName().ToString(), pair.DecodeValue().ToString()));
        return pairs;
    }

    /// <summary>The query parameters that an endpoint's handler has; null if there is no such endpoint, or its query may hold anything.</summary>
    internal static IReadOnlyList<string>? Of(Endpoint? endpoint) =>
        endpoint is not RouteEndpoint route || route.Metadata.GetMetadata<OpenToAllAttribute>() is not null ? null
        : [.. route.Metadata.GetOrderedMetadata<IParameterBindingMetadata>()
            .Where(parameter => parameter.ParameterInfo.ParameterType == typeof(string)
                && route.RoutePattern.GetParameter(parameter.Name) is null
                && !AttributesOf(parameter).OfType<FromHeaderAttribute>().Any())
            .Select(parameter => AttributesOf(parameter).OfType<FromQueryAttribute>().FirstOrDefault()?.Name ?? parameter.Name)];

    // Of a property that is bound as a parameter, only this has the attributes.
    private static object[] AttributesOf(IParameterBindingMetadata parameter) => parameter.ParameterInfo.GetCustomAttributes(inherit: false);

    private static string Instead(string name, IReadOnlyList<string> parameters)
    {
        if (parameters.Count == 0)
            return "this route takes none.";

        var nearest = parameters.MinBy(parameter => Distance(name, parameter))!;
        return IsNear(name, nearest)
            ? $"did you mean '{nearest}'?"
            : $"this route takes {string.Join(", ", parameters.Select(parameter => $"'{parameter}'"))}.";
    }

    private static bool IsNear(string name, string parameter) =>
        Distance(name, parameter) <= Math.Max(1, Math.Min(name.Length, parameter.Length) / 2) && Distance(name, parameter) < name.Length;

    private static string Shown(string name) => name.Length <= MaxShownName ? name : string.Concat(name.AsSpan(0, MaxShownName), "…");

    /// <summary>How many characters have to be inserted, deleted, replaced or swapped with the next, whatever their case.</summary>
    private static int Distance(string name, string parameter)
    {
        // A name that is far longer is far, however long it is.
        if (name.Length > 2 * parameter.Length)
            return name.Length;

        var (given, known) = (name.ToUpperInvariant(), parameter.ToUpperInvariant());
        var distances = new int[given.Length + 1, known.Length + 1];
        for (var i = 0; i <= given.Length; i++)
        {
            for (var j = 0; j <= known.Length; j++)
            {
                if (i == 0 || j == 0)
                {
                    distances[i, j] = i + j;
                    continue;
                }

                var replaced = distances[i - 1, j - 1] + (given[i - 1] == known[j - 1] ? 0 : 1);
                distances[i, j] = Math.Min(replaced, 1 + Math.Min(distances[i - 1, j], distances[i, j - 1]));
                if (i > 1 && j > 1 && given[i - 1] == known[j - 2] && given[i - 2] == known[j - 1])
                    distances[i, j] = Math.Min(distances[i, j], distances[i - 2, j - 2] + 1);
            }
        }

        return distances[given.Length, known.Length];
    }
}
