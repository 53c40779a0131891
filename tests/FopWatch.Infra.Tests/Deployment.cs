using System.Text.Json.Nodes;

namespace FopWatch.Infra.Tests;

/// <summary>What would be deployed, with stand-ins for what only Azure knows (see <see cref="Expression"/>).</summary>
internal sealed class Deployment
{
    public Deployment(JsonObject snapshot, string diagnostics)
    {
        Diagnostics = diagnostics;
        Resources = [.. snapshot["predictedResources"]!.AsArray().Select(one => new Resource(one!.AsObject(), Unknown))];
        Outputs = (JsonObject)Expression.Evaluated(snapshot["outputs"], Unknown)!;
    }

    /// <summary>What the compiler said on the way.</summary>
    public string Diagnostics { get; }

    public IReadOnlyList<Resource> Resources { get; }

    public JsonObject Outputs { get; }

    /// <summary>What only Azure knows, and a stand-in was put in the place of.</summary>
    public ISet<Unknown> Unknown { get; } = new HashSet<Unknown>();

    public IEnumerable<Resource> All(string type) => Resources.Where(one => one.Type == type);

    public Resource The(string type) => Assert.Single(All(type));

    public string Output(string name) => Outputs[name]!.GetValue<string>();
}

/// <summary>A resource that would be deployed.</summary>
internal sealed class Resource
{
    private readonly JsonObject _json;

    public Resource(JsonObject json, ISet<Unknown> unknown)
    {
        Id = json["id"]!.GetValue<string>();
        Type = json["type"]!.GetValue<string>();
        ApiVersion = json["apiVersion"]!.GetValue<string>();

        // The id repeats the name and, where that is not known, holds functions that nothing else does.
        var rest = json.DeepClone().AsObject();
        rest.Remove("id");
        _json = (JsonObject)Expression.Evaluated(rest, unknown)!;
        Names = _json["name"]!.GetValue<string>().Split('/');
    }

    public string Id { get; }

    public string Type { get; }

    public string ApiVersion { get; }

    /// <summary>Its name, after those of the resources that it is part of.</summary>
    public IReadOnlyList<string> Names { get; }

    public string Name => Names[^1];

    /// <summary>What a role assignment or another extension is about.</summary>
    public string Scope => Id[..Id.LastIndexOf("/providers/", StringComparison.Ordinal)];

    /// <summary>A value, null where there is none.</summary>
    public JsonNode? Find(params string[] path) => path.Aggregate((JsonNode?)_json, (node, name) => node?[name]);

    public JsonNode At(params string[] path) => Find(path) ?? throw new KeyNotFoundException($"{Id} has no {string.Join('.', path)}.");

    public string Text(params string[] path) => At(path).GetValue<string>();

    public bool Is(params string[] path) => At(path).GetValue<bool>();

    public override string ToString() => Id;
}

/// <summary>Something that only Azure knows: a property of a resource once it is there, or of the cloud.</summary>
internal sealed record Unknown(string Of, string Property);
